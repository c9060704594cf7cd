import Testing
import FileSystem
import TensorFiles
import Varve
import VarveTestSupport

/// All runs of the shared collection, understood or not, where it is there.
@Suite struct SharedRunTests {
    let directory = try! TemporaryDirectory()

    @Test(.enabled(if: SharedRuns.directory != nil, "needs the shared runs: VARVE_SHARED names their folder"))
    func everyRunComesBack() async throws {
        let shared = try #require(SharedRuns.directory)
        let others = ["README.md", "make", "make-sharded", "expected"]
        for name in try SystemCalls.list(shared) where !others.contains(name) {
            let run = Paths.join(shared, name)
            // Exact: every byte of every file.
            let exact = Paths.join(directory.path, "\(name)-exact.varve")
            let first = try await Compressor(
                run: run, archive: exact,
                options: CompressionOptions(
                    method: .transform(TransformOptions(keyframes: .exact)), keyframeInterval: 1)
            ).compress()
            #expect(first.skipped.isEmpty, "\(name): \(first.skipped)")
            let back = Paths.join(directory.path, "\(name)-exact")
            try await Restorer(archive: exact, options: RestoreOptions(selection: .all)).restore(to: back)
            #expect(try Trees.differences(run, back) == [], "\(name)")

            // Lossy: every byte of files without a lossy tensor.
            let lossy = Paths.join(directory.path, "\(name).varve")
            _ = try await Compressor(
                run: run, archive: lossy, options: CompressionOptions(method: .excp(ExcpOptions(alpha: 0.01)))
            ).compress()
            let verified = try await Verifier(archive: lossy, deep: true).verify()
            #expect(verified.isIntact, "\(name): \(verified.findings)")
            let output = Paths.join(directory.path, name)
            try await Restorer(archive: lossy, options: RestoreOptions(selection: .all)).restore(to: output)
            var touched = Set<String>()
            for step in try Reporter(archive: lossy).report().steps {
                for tensor in step.tensors where !tensor.isExact { touched.formUnion(tensor.files) }
            }
            let differing = try Trees.differences(run, output).filter { path in
                !touched.contains(path) && !Self.repeatsTouched(path)
            }
            #expect(differing == [], "\(name)")
            for path in [exact, back, lossy, output] { try Directories.remove(path) }
        }
    }

    /// Copies of a lossy step's file are as lossy as it is.
    private static func repeatsTouched(_ path: String) -> Bool {
        ["last", "best", "checkpoint.pth"].contains { path.contains($0) }
    }
}
