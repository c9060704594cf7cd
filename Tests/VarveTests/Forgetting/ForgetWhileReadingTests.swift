import ChainArchive
import Synchronization
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Readers have no lock: whatever is pruned while they read, what stays is read right and what goes is no damage.
@Suite struct ForgetWhileReadingTests {
    let workshop = RunWorkshop()

    /// Does something right before the n-th call on a path that contains a word.
    private final class Meanwhile: SystemCalls.FaultInjector {
        private let index: Int
        private let word: String
        private let action: @Sendable () -> Void
        private let seen = Atomic<Int>(0)

        init(_ index: Int, word: String, _ action: @escaping @Sendable () -> Void) {
            self.index = index
            self.word = word
            self.action = action
        }

        var count: Int { seen.load(ordering: .sequentiallyConsistent) }

        func errorNumber(for call: SystemCalls.Name, path: String) -> Int32? {
            guard path.contains(word) else { return nil }
            if seen.wrappingAdd(1, ordering: .sequentiallyConsistent).oldValue == index { action() }
            return nil
        }
    }

    /// Steps 10 to 50; what is told of the first archive holds of copies.
    private func compressed(_ method: CompressionOptions.Method) async throws {
        try workshop.write(DriftingRun([.init("a", [8, 12]), .init("b", [16])], steps: 5, seed: 9).steps())
        try await workshop.compress("run", "a.varve", method, threads: 1)
    }

    private func copy(_ name: String) throws -> String {
        for (path, bytes) in try Trees.content(workshop.path("a.varve")) {
            try Trees.write(bytes, to: workshop.path("\(name)/\(path)"))
        }
        return workshop.path(name)
    }

    private func restored(_ step: Int, from archive: String) async throws -> [String: [UInt8]] {
        let output = workshop.path("out")
        try Directories.remove(output)
        try await Restorer(archive: archive, options: RestoreOptions(selection: .step(step), threads: 1))
            .restore(to: output)
        return try Trees.content(output)
    }

    /// Runs `body` on copies of the archive, pruned before the first, second, ... call of it.
    private func atEveryCall(
        of name: String, forgetting steps: ClosedRange<Int>, at most: Int = 30, _ body: (String) async throws -> Void
    ) async throws {
        let whole = Meanwhile(-1, word: name + "-all") {}
        let archive = try copy(name + "-all")
        try await SystemCalls.withInjector(whole) { try await body(archive) }
        #expect(whole.count > 10)
        for index in stride(from: 0, to: whole.count, by: max(1, whole.count / most)) {
            let archive = try copy("\(name)-\(index)-")
            let meanwhile = Meanwhile(index, word: "\(name)-\(index)-") {
                _ = try? Forgetter(archive: archive).forget(ForgetPolicy(steps: [steps]), prune: true)
            }
            try await SystemCalls.withInjector(meanwhile) { try await body(archive) }
            let left = try ArchiveReader(archive).steps
            #expect(!left.contains(where: steps.contains), "call \(index)")
            try Directories.remove(archive)
        }
    }

    @Test(arguments: TestMethods.chains) func openStepsFollowTheirRecords(method: CompressionOptions.Method)
        async throws
    {
        try await compressed(method)
        let archive = workshop.path("a.varve"), reader = try ArchiveReader(archive)
        let opened = try reader.steps.map { (number) throws(VarveError) in try ChainDecoder(reader).step(number) }
        let before = try opened.map { step in try step.manifest.records.map { try step.read($0.location) } }
        let forgetter = Forgetter(archive: archive)
        var moved = 0, dropped = 0, gone = 0
        // Twice, so that a step has had more than one new part.
        for steps in [20...20, 30...30, 50...50] {
            _ = try forgetter.forget(.init(steps: [steps]), prune: true)
            let now = try ArchiveReader(archive)
            for (step, contents) in zip(opened, before) {
                let number = step.manifest.number
                let records = now.stored.contains(number) ? try now.manifest(number).records : nil
                for (index, record) in step.manifest.records.enumerated() {
                    if let records, !records[index].location.isDropped {
                        let bytes = try step.read(record.location)
                        #expect(bytes == contents[index])
                        if records[index].location != record.location { moved += 1 }
                        continue
                    }
                    let error = #expect(throws: VarveError.self) { try step.read(record.location) }
                    #expect(error?.code == .forgotten && error?.message.contains("step \(number) ") == true)
                    if records == nil { gone += 1 } else { dropped += 1 }
                }
            }
        }
        #expect(gone > 0)
        // The lossless groups of so small a run are one, which the next step needs whole.
        if method != TestMethods.lossless { #expect(moved > 0 && dropped > 0) }
    }

    @Test(arguments: [TestMethods.transform, TestMethods.lossless]) func whatStaysIsRestored(
        method: CompressionOptions.Method
    ) async throws {
        try await compressed(method)
        let expected = try await restored(50, from: workshop.path("a.varve"))
        try await atEveryCall(of: "stays", forgetting: 10...40) { archive in
            let found = try await restored(50, from: archive)
            #expect(found == expected)
        }
    }

    @Test func whatGoesIsRestoredOrSaidToBeForgotten() async throws {
        try await compressed(TestMethods.transform)
        let expected = try await restored(40, from: workshop.path("a.varve"))
        var refused = 0
        try await atEveryCall(of: "goes", forgetting: 20...40) { archive in
            do {
                let found = try await restored(40, from: archive)
                #expect(found == expected)
            } catch {
                let error = try #require(error as? VarveError)
                refused += 1
                // Asked for after it was marked, it is an error of the call.
                #expect(error.code == .forgotten || error.code == .usage, "\(error)")
                #expect(error.message.contains("step 40 was forgotten"), "\(error)")
                #expect(!Directories.exists(workshop.path("out")))
            }
        }
        #expect(refused > 0)
    }

    @Test func nothingThatGoesIsDamage() async throws {
        try await compressed(TestMethods.transform)
        try await atEveryCall(of: "checked", forgetting: 20...30, at: 25) { archive in
            let result = try await Verifier(archive: archive, deep: true, threads: 1).verify()
            #expect(result.isIntact && result.unrestorable == [], "\(result.findings)")
        }
    }
}
