import ChainArchive
import Glibc
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Failures of the archive's disk are not taken for the run's, nor for absence.
extension FailureTests {
    private func path(_ name: String) -> String { Paths.join(directory.path, name) }

    private func failing<Result: Sendable>(
        _ calls: Set<SystemCalls.Name>, _ part: String, errno number: Int32, after first: Int = 0, lasting: Bool = true,
        _ body: () async throws -> Result
    ) async throws -> Result {
        try await SystemCalls.withInjector(
            FailingCalls(failAt: first, number, calls: calls, pathPart: part, isLasting: lasting), body)
    }

    /// The archive's name begins with the run's.
    @Test func anErrorOfTheArchivesDiskSkipsNoStep() async throws {
        try SmallRun.make(path("mine-a"))
        let compressor = Compressor(run: path("mine-a"), archive: path("mine-a.varve"))
        for call in [SystemCalls.Name.write, .sync, .rename] {
            let error = await #expect(throws: VarveError.self) {
                try await failing([call], "mine-a.varve/steps", errno: EIO) { try await compressor.compress() }
            }
            #expect(error?.code == .inputOutput)
        }
        #expect(try await compressor.compress().added == [10, 20])
    }

    @Test func aManifestThatCannotBeLookedAtIsNotMissing() async throws {
        try SmallRun.make(path("mine-b"))
        let compressor = Compressor(run: path("mine-b"), archive: path("mine-b.varve"))
        _ = try await compressor.compress()
        let before = try Trees.content(path("mine-b.varve"))
        await #expect(throws: VarveError.self) {
            try await failing([.stat], "mine-b.varve/steps/000000000020/step.manifest", errno: EIO) {
                try await compressor.compress()
            }
        }
        #expect(try Trees.content(path("mine-b.varve")) == before)
    }

    @Test func aReadOnlyArchiveIsVerifiedAndRestored() async throws {
        try SmallRun.make(path("mine-c"), steps: [1, 2, 3])
        _ = try await Compressor(run: path("mine-c"), archive: path("mine-c.varve")).compress()
        let writing: Set<SystemCalls.Name> = [.write, .unlink, .makeDirectory, .rename, .truncate]
        let result = try await failing(writing, "mine-c.varve", errno: EROFS) {
            try await Restorer(archive: path("mine-c.varve"), options: RestoreOptions(selection: .all))
                .restore(to: path("mine-c-out"))
            return try await Verifier(archive: path("mine-c.varve"), deep: true).verify()
        }
        #expect(result.isIntact && result.tensorsDecoded > 0)
    }

    @Test func aRunFileThatCannotBeReadIsKeptAsItWas() async throws {
        try SmallRun.make(path("mine-d"))
        let file = path("mine-d/notes.bin")
        try Trees.write([UInt8](repeating: 1, count: 5 << 20), to: file)
        let compressor = Compressor(run: path("mine-d"), archive: path("mine-d.varve"))
        _ = try await compressor.compress()
        let old = try Trees.bytes(file)
        try Trees.write([UInt8](repeating: 2, count: 9 << 20), to: file)
        // The first block is read, the second is not.
        var failed = false
        for first in 1..<40 where !failed {
            let result = try await failing([.read], "mine-d/notes.bin", errno: EIO, after: first) {
                try await compressor.compress()
            }
            failed = result.notices.contains { $0.contains("kept as it was") }
            if !failed { break }
        }
        #expect(failed)
        let verified = try await Verifier(archive: path("mine-d.varve")).verify()
        #expect(verified.isIntact, "\(verified.findings)")
        try await Restorer(archive: path("mine-d.varve"), options: RestoreOptions(selection: .all))
            .restore(to: path("mine-d-out"))
        #expect(try Trees.bytes(path("mine-d-out/notes.bin")) == old)
    }
}
