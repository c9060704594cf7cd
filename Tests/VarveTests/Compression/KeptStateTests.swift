import ChainArchive
import FileSystem
import Synchronization
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// With a state and without one, and whatever becomes of the state, an archive is the same to the byte.
@Suite struct KeptStateTests {
    let workshop = RunWorkshop()

    private static let steps = TransformAppendTests.steps()

    private var states: String { workshop.path("states") }

    /// Adds the only step of a run that an archive does not have, as a process of its own would.
    /// - Returns: what was said.
    @discardableResult
    private func append(
        _ run: String, to archive: String, _ method: CompressionOptions.Method, state: String?,
        keyframeInterval: Int = 50, base: String? = nil
    ) async throws -> [String] {
        var options = CompressionOptions(method: method, keyframeInterval: keyframeInterval, base: base, threads: 1)
        options.state = state
        let said = Mutex<[String]>([])
        let result = try await Compressor(
            run: workshop.path(run), archive: workshop.path(archive), options: options
        ).compress { event in
            if case .notice(let text) = event { said.withLock { $0.append(text) } }
        }
        #expect(result.skipped.isEmpty && result.added.count == 1)
        return said.withLock { $0.filter { $0.contains("state") } }
    }

    /// Paths that differ, locks apart.
    private func differences(_ left: String, _ right: String) throws -> [String] {
        try Trees.differences(workshop.path(left), workshop.path(right)).filter { $0 != "lock" }
    }

    private var stateFiles: [String] {
        get throws { try SystemCalls.list(states).filter { $0.hasSuffix(".state") } }
    }

    // MARK: The same archive

    private static let methods =
        TestMethods.all
        + [.low, .high].map { CompressionOptions.Method.transform(TransformOptions(effort: $0)) }

    @Test(arguments: methods)
    func appendingWithAStateStoresWhatAppendingWithoutOneStores(method: CompressionOptions.Method) async throws {
        for (index, step) in Self.steps.enumerated() {
            // The originals of the steps before are gone.
            try workshop.write([step], to: "rotating")
            try await append("rotating", to: "plain.varve", method, state: nil, keyframeInterval: 5)
            let said = try await append("rotating", to: "kept.varve", method, state: states, keyframeInterval: 5)
            #expect(said.isEmpty, "step \(index)")
            try Directories.remove(workshop.path("rotating"))
            #expect(try differences("plain.varve", "kept.varve") == [])
            // Behind the step before a keyframe none is needed, and that of the step before stays.
            #expect(try SystemCalls.list(states).count == 1 && stateFiles.count == 1)
        }
    }

    /// A later call may have other settings: nothing of a state may depend on those of the call that left it.
    @Test(arguments: methods)
    func aStateHoldsWhatAReplayGives(method: CompressionOptions.Method) async throws {
        for (index, step) in Self.steps.enumerated() {
            try workshop.write([step], to: "rotating")
            try await append("rotating", to: "a.varve", method, state: states)
            try Directories.remove(workshop.path("rotating"))
            let path = try statePath(), kept = try StateFile(path)
            let archive = try ArchiveReader(workshop.path("a.varve"))
            let store = try ScratchStore(
                directory: workshop.directory.path, contents: kept.contents, isForSaving: true)
            try await ChainDecoder(archive).replay(step.number, into: store, Workers(threads: 1))
            try store.save(kept.mark, to: workshop.path("replayed.state"))
            #expect(try Trees.bytes(path) == Trees.bytes(workshop.path("replayed.state")), "step \(index)")
        }
    }

    /// Elements that keep their bits, a weight that begins anew, a second name, wide bases; from a base.
    @Test(arguments: [false, true], [TestMethods.transform, TestMethods.excp, TestMethods.lossless])
    func heldElementsAndABaseAreKept(withBase: Bool, method: CompressionOptions.Method) async throws {
        try GoldenRuns.writePartly(to: workshop.path("run"), steps: 6)
        if withBase { try GoldenRuns.writePartly(to: workshop.path("base"), steps: 1) }
        let base = withBase ? workshop.path("base/ckpt_10.pt") : nil
        for step in 1...6 {
            let file = RunWorkshop.fileName(10 * step)
            try Trees.copy(workshop.path("run/" + file), workshop.path("grown/" + file))
            let plain = try await append("grown", to: "plain.varve", method, state: nil, base: base)
            let said = try await append("grown", to: "kept.varve", method, state: states, base: base)
            // Nothing is said of the state.
            #expect(said == plain)
            #expect(try differences("plain.varve", "kept.varve") == [])
        }
    }

    @Test func severalArchivesShareADirectory() async throws {
        for step in Self.steps {
            try workshop.write([step], to: "rotating")
            for (archive, method) in [("a.varve", TestMethods.transform), ("deep/a.varve", TestMethods.high)] {
                #expect(try await append("rotating", to: archive, method, state: states).isEmpty)
            }
            try Directories.remove(workshop.path("rotating"))
        }
        #expect(try stateFiles.count == 2)
    }

    // MARK: What may become of it

    /// An archive of the first two steps with its state, what it becomes with the third, and the run of that.
    private func prepare(_ method: CompressionOptions.Method) async throws {
        for step in Self.steps.prefix(2) {
            try workshop.write([step], to: "rotating")
            try await append("rotating", to: "before.varve", method, state: nil)
            try await append("rotating", to: "store/a.varve", method, state: states)
            try Directories.remove(workshop.path("rotating"))
        }
        try workshop.write([Self.steps[2]])
        try Trees.copy(workshop.path("before.varve"), workshop.path("after.varve"))
        try await append("run", to: "after.varve", method, state: nil)
    }

    private func statePath() throws -> String { Paths.join(states, try #require(try stateFiles.first)) }

    /// Adds the third step while the state is what was made of it.
    private func appendThird(_ method: CompressionOptions.Method, _ what: String) async throws -> [String] {
        try Directories.remove(workshop.path("store"))
        try Trees.copy(workshop.path("before.varve"), workshop.path("store/a.varve"))
        let said = try await append("run", to: "store/a.varve", method, state: states)
        #expect(try differences("store/a.varve", "after.varve") == [], "\(what)")
        #expect(try stateFiles.count <= 1 && SystemCalls.list(states).allSatisfy { $0.hasSuffix(".state") }, "\(what)")
        return said
    }

    @Test(arguments: [TestMethods.transform, TestMethods.excp, TestMethods.lossless])
    func changedBytesAndCutFilesChangeNothing(method: CompressionOptions.Method) async throws {
        try await prepare(method)
        let path = try statePath(), sound = try Trees.bytes(path)
        #expect(try await appendThird(method, "sound").isEmpty)
        let next = try Trees.bytes(path)
        #expect(next != sound)
        var random = SplitMix64(seed: 3), found = 0
        let ends = Array(0..<16) + (sound.count - 64..<sound.count)
        let others = (0..<60).map { _ in Int(random.next() % UInt64(sound.count)) }
        for position in ends + others {
            var damaged = sound
            damaged[position] ^= UInt8(1 + random.next() % 255)
            try Trees.write(damaged, to: path)
            let said = try await appendThird(method, "byte \(position)")
            found += said.count
            #expect(said.count <= 1, "byte \(position): \(said)")
            // The next one is sound again.
            #expect(try Trees.bytes(path) == next)
        }
        // Not every value is asked for.
        #expect(found > ends.count)
        for count in [0, 1, 8, 55, 56, 57, sound.count / 2, sound.count - 1] {
            try Trees.write(Array(sound[..<count]), to: path)
            #expect(try await appendThird(method, "\(count) bytes").count == 1)
        }
        try Trees.write(sound + sound, to: path)
        #expect(try await appendThird(method, "twice").count == 1)
    }

    @Test(arguments: [TestMethods.transform, TestMethods.lossless])
    func aStateOfSomethingElseIsNotUsed(method: CompressionOptions.Method) async throws {
        try await prepare(method)
        let path = try statePath()
        _ = try await appendThird(method, "sound")
        // Of a later step: the archive is one from a backup.
        #expect(try await appendThird(method, "newer").count == 1)
        // Of another archive, with steps of the same numbers.
        let other = DriftingRun([.init("wide.weight", [24, 40]), .init("tall.weight", [40, 24])], steps: 2, seed: 9)
        try workshop.write(other.steps(), to: "other")
        var options = CompressionOptions(method: method, threads: 1)
        options.state = states
        _ = try await Compressor(
            run: workshop.path("other"), archive: workshop.path("other.varve"), options: options
        ).compress()
        let another = try #require(try stateFiles.first { Paths.join(states, $0) != path })
        try SystemCalls.rename(Paths.join(states, another), path)
        #expect(try await appendThird(method, "another archive").count == 1)
        // Of another method.
        try Directories.remove(states)
        let different = method == .lossless ? TestMethods.transform : TestMethods.lossless
        try Directories.remove(workshop.path("store"))
        try workshop.write(Array(Self.steps.prefix(2)), to: "both")
        options.method = different
        _ = try await Compressor(
            run: workshop.path("both"), archive: workshop.path("store/a.varve"), options: options
        ).compress()
        #expect(try await appendThird(method, "another method").count == 1)
    }

    /// From the state of an earlier step the chain is replayed from there.
    @Test(arguments: TestMethods.all)
    func theStateOfAnEarlierStepIsGoneOnFrom(method: CompressionOptions.Method) async throws {
        for (index, step) in Self.steps.enumerated() {
            try workshop.write([step], to: "rotating")
            try await append("rotating", to: "plain.varve", method, state: nil)
            // Kept behind the second step, used behind the fourth.
            let said = try await append(
                "rotating", to: "kept.varve", method, state: [1, 4].contains(index) ? states : nil)
            #expect(said.count == (index == 1 ? 1 : 0))
            try Directories.remove(workshop.path("rotating"))
        }
        #expect(try differences("plain.varve", "kept.varve") == [])
    }

    /// Steps of other qualities and efforts, one after the other.
    @Test func settingsMayChangeFromCallToCall() async throws {
        let methods: [CompressionOptions.Method] = [
            .transform(TransformOptions(effort: .low)), TestMethods.high, TestMethods.excp, TestMethods.transform,
            .transform(TransformOptions(quality: .small, effort: .low)), TestMethods.transform,
        ]
        for (index, (step, method)) in zip(Self.steps, methods).enumerated() {
            try workshop.write([step], to: "rotating")
            try await append("rotating", to: "plain.varve", method, state: nil)
            #expect(try await append("rotating", to: "kept.varve", method, state: states).isEmpty, "step \(index)")
            #expect(try differences("plain.varve", "kept.varve") == [], "step \(index)")
            try Directories.remove(workshop.path("rotating"))
        }
        let verified = try await Verifier(archive: workshop.path("kept.varve"), deep: true).verify()
        #expect(verified.isIntact)
    }

    @Test func aDirectoryThatIsNoneOrCannotBeWrittenIsSaid() async throws {
        try await prepare(TestMethods.transform)
        try Directories.remove(states)
        #expect(try await appendThird(TestMethods.transform, "gone").count == 1)
        #expect(try stateFiles.count == 1)
        try Directories.remove(states)
        try Trees.write([1, 2, 3], to: states)
        try Directories.remove(workshop.path("store"))
        try Trees.copy(workshop.path("before.varve"), workshop.path("store/a.varve"))
        let said = try await append("run", to: "store/a.varve", TestMethods.transform, state: states)
        #expect(said.count == 2, "\(said)")
        #expect(try differences("store/a.varve", "after.varve") == [])
    }

    /// ENOSPC, EIO and EACCES at every call that concerns the directory, once and from then on.
    @Test(arguments: [28, 5, 13] as [Int32])
    func failingCallsInTheDirectoryAreNoErrors(number: Int32) async throws {
        try await prepare(TestMethods.transform)
        let path = try statePath(), sound = try Trees.bytes(path)
        for isLasting in [false, true] {
            var index = 0
            while true {
                try Trees.write(sound, to: path)
                let injector = FailingCalls(failAt: index, number, pathPart: states, isLasting: isLasting)
                try Directories.remove(workshop.path("store"))
                try Trees.copy(workshop.path("before.varve"), workshop.path("store/a.varve"))
                try await SystemCalls.withInjector(injector) {
                    _ = try await append("run", to: "store/a.varve", TestMethods.transform, state: states)
                }
                #expect(try differences("store/a.varve", "after.varve") == [], "call \(index)")
                guard injector.failures > 0 else { break }
                index += isLasting ? 3 : 1
            }
            #expect(index > 10)
        }
    }

    @Test func placesThatWouldSpoilSomethingAreRefused() async throws {
        try workshop.write([Self.steps[0]])
        try await workshop.compress()
        for place in ["run", "run/states", "a.varve", "a.varve/states"] {
            let error = await #expect(throws: VarveError.self) {
                try await append("run", to: "b.varve", .lossless, state: workshop.path(place))
            }
            #expect(error?.code == .usage)
        }
        #expect(!Directories.exists(workshop.path("b.varve")))
    }
}
