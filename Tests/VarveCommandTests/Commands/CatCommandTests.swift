import FileSystem
import Foundation
import TensorFiles
import Testing
import VarveTestSupport

/// `varve cat`, and `restore --only NAMES`.
@Suite struct CatCommandTests {
    let codes = ExitCodeTests()

    private func archive() throws -> String {
        let archive = codes.path("a.varve"), run = Paths.join(ExitCodeTests.fixtures, "hf-trainer-run")
        #expect(try codes.varve("compress", run, archive, "-q", "--quality", "lossless", "--steps", "200").status == 0)
        return archive
    }

    @Test func aFileIsWrittenAsItIs() throws {
        let archive = try archive()
        let name = "checkpoint-200/config.json"
        let wanted = try String(
            contentsOfFile: Paths.join(ExitCodeTests.fixtures, "hf-trainer-run/\(name)"), encoding: .utf8)
        for arguments in [["200", "config.json"], ["latest", name], ["checkpoint-200", "config.json"]] {
            let outcome = try codes.varve(["cat", archive] + arguments)
            #expect(outcome.status == 0 && outcome.output == wanted && outcome.error.isEmpty, "\(outcome)")
        }
    }

    @Test func wrongCallsSayWhatIsWrong() throws {
        let archive = try archive()
        for (arguments, status, words) in [
            (["200"], 2, "name a file"), (["200", "config.json", "--as", "safetensors"], 2, "a file is named"),
            (["200", "config.json", "--only", "a"], 2, "a file is named"), (["200", "nothing"], 2, "no such file"),
            (["7", "config.json"], 2, "no step 7"), (["all", "config.json"], 2, "one step"),
            (["200", "config.json", "--json-lines"], 2, "--json-lines"),
            (["200", "--only", "nothing"], 2, "tensor nothing: step 200 has no such tensor"),
            (["200", "--only", "a,,b"], 2, "--only"),
        ] as [([String], Int32, String)] {
            let outcome = try codes.varve(["cat", archive] + arguments)
            #expect(outcome.status == status && outcome.output.isEmpty, "\(arguments): \(outcome)")
            #expect(outcome.error.contains(words), "\(arguments): \(outcome)")
        }
        let document = try codes.varve("cat", archive, "200", "--only", "nothing", "--json")
        #expect(document.error.contains("\"tensor\":\"nothing\"") && document.output.isEmpty)
    }

    @Test func aRestoreOfTensorsByNameWritesSafetensors() throws {
        let archive = try archive()
        for (only, names) in [
            ("lm_head.*", ["model.safetensors", "optimizer.safetensors"]),
            ("weights,lm_head.*", ["model.safetensors"]), ("*.exp_avg", ["optimizer.safetensors"]),
        ] {
            let output = codes.path("o-\(names.count)-\(only.count)")
            let outcome = try codes.varve("restore", archive, "--step", "200", "-o", output, "--only", only)
            #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome)")
            #expect(try SystemCalls.list(output).sorted() == names)
        }
        let files = try codes.varve(
            "restore", archive, "--step", "200", "-o", codes.path("files"), "--only", "weights")
        #expect(files.status == 0)
        #expect(try SystemCalls.list(codes.path("files")) == ["model.safetensors"])
    }
}
