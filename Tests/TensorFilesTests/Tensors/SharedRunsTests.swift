import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// Every real file at hand, read and rewritten.
@Suite struct SharedRunsTests {
    /// Tensor files by their suffix; what the reader has to say about each kind.
    private static func tensorFiles() throws -> [String] {
        try SharedRuns.files(under: try #require(SharedRuns.directory)).filter { path in
            // composer's `latest-rank0.pt` holds a name where links cannot be.
            !path.hasSuffix("/latest-rank0.pt")
                && [".pt", ".pth", ".bin", ".ckpt", ".tar", ".safetensors"].contains { path.hasSuffix($0) }
        }
    }

    @Test(.enabled(if: SharedRuns.directory != nil, "needs the shared runs: VARVE_SHARED names their folder"))
    func everyTensorFileOpensAndItsTensorsLieWithin() throws {
        var seen: [TensorFile.Container: Int] = [:]
        for path in try Self.tensorFiles() {
            let source = try InputFile(path)
            let file = try #require(try TensorFile.open(source), "\(path)")
            seen[file.container, default: 0] += 1
            try FileChecks.expectConsistent(file)
            for storage in file.storages { #expect(storage.fileOffset + storage.byteCount <= source.byteCount) }
        }
        #expect(seen.count == 3)
    }
}
