import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// `restore --as safetensors`.
@Suite struct ExportCommandTests {
    let codes = ExitCodeTests()

    @Test func itWritesShardsOfTheSizeThatIsAskedFor() throws {
        let archive = codes.path("a.varve"), run = Paths.join(ExitCodeTests.fixtures, "hf-trainer-run")
        #expect(try codes.varve("compress", run, archive, "-q").status == 0)
        let single = try codes.varve(
            "restore", archive, "--step", "latest", "-o", codes.path("one"), "--as", "safetensors")
        #expect(single.status == 0 && single.output.contains("step 1000 restored to"), "\(single)")
        #expect(
            try SystemCalls.list(codes.path("one")).sorted() == ["model.safetensors", "optimizer.safetensors"])
        let shards = try codes.varve(
            "restore", archive, "--steps", "800,1000", "-o", codes.path("two"), "--as", "safetensors", "--shard-size",
            "200kB", "--only", "weights")
        #expect(shards.status == 0, "\(shards)")
        #expect(try SystemCalls.list(codes.path("two")).sorted() == ["step-1000", "step-800"])
        let names = try SystemCalls.list(codes.path("two/step-1000"))
        #expect(names.contains("model.safetensors.index.json") && names.contains { $0.hasPrefix("model-00001-of-") })
        #expect(names.allSatisfy { $0.hasPrefix("model") })
    }

    @Test func theSizeOfShardsAloneIsNoUse() throws {
        let alone = try codes.varve(
            "restore", codes.path("a.varve"), "--step", "latest", "-o", codes.path("o"), "--shard-size", "1GB")
        #expect(alone.status == 2 && alone.error.contains("--shard-size needs --as safetensors"), "\(alone)")
        let other = try codes.varve(
            "restore", codes.path("a.varve"), "--step", "latest", "-o", codes.path("o"), "--as", "numpy")
        #expect(other.status == 2, "\(other)")
    }
}
