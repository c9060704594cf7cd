import Testing
import ChainArchive
import FileSystem
import TensorFiles
import Varve
import VarveTestSupport

/// Damaged archives are recognised, named, and never restored from.
@Suite struct DamageTests {
    let directory = try! TemporaryDirectory()

    /// A small archive of three steps.
    private func makeArchive(_ method: CompressionOptions.Method) async throws -> (
        path: String, restored: [Int: [String: [UInt8]]]
    ) {
        let archive = Paths.join(directory.path, "small.varve")
        _ = try await Compressor(
            run: Fixture.oddRun, archive: archive, options: CompressionOptions(method: method)
        ).compress()
        var restored: [Int: [String: [UInt8]]] = [:]
        for step in try Reporter(archive: archive).report().steps {
            let output = Paths.join(directory.path, "good-\(step.number)")
            try await Restorer(archive: archive, options: RestoreOptions(selection: .step(step.number))).restore(
                to: output)
            restored[step.number] = try Trees.content(output)
        }
        return (archive, restored)
    }

    /// Every file of the archive, damaged at a sample of places: verify says so and names the file; restoring refuses or
    /// gives what the intact archive gives; nothing partial is left.
    @Test(arguments: TestMethods.chains)
    func aFlippedOrMissingByteIsFoundAndNamed(method: CompressionOptions.Method) async throws {
        let (archive, good) = try await makeArchive(method)
        var generator = SplitMix64(seed: 7)
        let files = try Trees.content(archive)
        var tried = 0
        for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
            let path = Paths.join(archive, name)
            var cases: [[UInt8]] = []
            for _ in 0..<24 {
                var damaged = bytes
                let position = Int(generator.next() % UInt64(bytes.count))
                damaged[position] ^= 1 << UInt8(generator.next() % 8)
                cases.append(damaged)
            }
            for position in [0, 4, 6, 8, 15, 16, 23, bytes.count - 1, bytes.count - 17]
            where bytes.indices.contains(position) {
                var damaged = bytes
                damaged[position] ^= 0xFF
                cases.append(damaged)
            }
            for length in [0, 1, 15, 16, 39, bytes.count / 2, bytes.count - 1] where length < bytes.count {
                cases.append(Array(bytes[..<length]))
            }
            cases.append(bytes + [0])
            for damaged in cases {
                try Trees.write(damaged, to: path)
                try await expectFound(archive, file: path, good: good)
                tried += 1
            }
            try Trees.write(bytes, to: path)
        }
        #expect(tried > 100)
        let result = try await Verifier(archive: archive, deep: true).verify()
        #expect(result.isIntact, "\(result.findings)")
    }

    private func expectFound(_ archive: String, file: String, good: [Int: [String: [UInt8]]]) async throws {
        do throws(VarveError) {
            let result = try await Verifier(archive: archive).verify()
            #expect(!result.isIntact, "damage in \(file) was not found")
            #expect(result.findings.contains { $0.file == file }, "\(file) was not named: \(result.findings)")
        } catch {
            // A changed version number reads as "newer".
            #expect(error.code == .unsupported && error.location.file == file, "\(error)")
        }
        for (step, content) in good {
            let output = Paths.join(directory.path, "out")
            do throws(VarveError) {
                try await Restorer(archive: archive, options: RestoreOptions(selection: .step(step))).restore(
                    to: output)
                let restored: [String: [UInt8]]? = try? Trees.content(output)
                #expect(restored == content, "step \(step) was restored wrongly from a damaged \(file)")
            } catch {
                #expect([.damaged, .unsupported, .notAnArchive].contains(error.code), "\(error)")
                #expect(!Directories.exists(output))
            }
            try Directories.remove(output)
            let leftover = try SystemCalls.list(directory.path).filter { $0.hasPrefix(OutputFile.temporaryPrefix) }
            #expect(leftover == [])
        }
    }

    @Test(arguments: TestMethods.chains)
    func aMissingStepBreaksOnlyWhatBuildsOnIt(method: CompressionOptions.Method) async throws {
        let archive = Paths.join(directory.path, "chain.varve")
        _ = try await Compressor(
            run: Fixture.trainerRun, archive: archive,
            options: CompressionOptions(method: method, keyframeInterval: 3)
        ).compress()
        let steps = try Reporter(archive: archive).report().steps
        #expect(steps.count >= 4 && steps[3].isKeyframe)
        try Directories.remove(Paths.join(archive, "steps/000000000\(steps[1].number)"))
        let result = try await Verifier(archive: archive).verify()
        #expect(!result.isIntact)
        // The one that is gone is known from what covers the manifests.
        #expect(result.unrestorable == [steps[1].number, steps[2].number])
        for step in [steps[0], steps[3]] {
            try await Restorer(archive: archive, options: RestoreOptions(selection: .step(step.number)))
                .restore(to: Paths.join(directory.path, "still-\(step.number)"))
        }
    }

    @Test(arguments: TestMethods.chains)
    func anUnfinishedStepDoesNotCountAndIsReplaced(method: CompressionOptions.Method) async throws {
        let archive = Paths.join(directory.path, "unfinished.varve")
        let options = CompressionOptions(method: method)
        _ = try await Compressor(run: Fixture.oddRun, archive: archive, options: options).compress()
        let intact = try Trees.content(archive)
        let last = try Reporter(archive: archive).report().steps.last?.number ?? 0
        let digits = "\(last)"
        let step = Paths.join(archive, "steps/" + String(repeating: "0", count: 12 - digits.count) + digits)
        // As it is before the manifest is written, and what covers it after that.
        try SystemCalls.unlink(Paths.join(step, "step.manifest"))
        try SystemCalls.unlink(ArchiveLayout(archive).parity)
        try Trees.write(
            ManifestParity.computed(ArchiveLayout(archive)).sealed(), to: ArchiveLayout(archive).parity)
        let result = try await Verifier(archive: archive).verify()
        #expect(result.isIntact && result.uncommitted == [last])
        _ = try await Compressor(run: Fixture.oddRun, archive: archive, options: options).compress()
        #expect(try Trees.content(archive) == intact)
    }

    @Test func aDirectoryThatIsNoArchiveIsRefused() async throws {
        let path = Paths.join(directory.path, "plain")
        try Trees.write([1], to: Paths.join(path, "file"))
        #expect(throws: VarveError.self) { try Reporter(archive: path).report() }
        await #expect(throws: VarveError.self) {
            try await Compressor(run: Fixture.oddRun, archive: path).compress()
        }
        #expect(try Trees.content(path) == ["file": [1]])
    }
}
