import Foundation
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// `--base` with a model in the local hub cache, as a user calls it.
@Suite struct BaseCommandTests {
    let codes = ExitCodeTests()
    let hub: HubFixture

    init() throws {
        hub = HubFixture(codes.directory)
        try hub.add("org/model", commit: "abc123", files: [("model.safetensors", HubFixture.model())])
        try hub.writeRun(files: ["config.json": #"{"_name_or_path": "org/model"}"#])
    }

    private func varve(_ arguments: String..., environment: [String: String]? = nil) throws -> ExitCodeTests.Outcome {
        let unset = ["HF_HUB_CACHE": "", "HUGGINGFACE_HUB_CACHE": ""]
        return try codes.varve(arguments, environment: unset.merging(environment ?? ["HF_HUB_CACHE": hub.path]) { $1 })
    }

    @Test func itIsSuggestedOnceAndNeverTakenUnasked() throws {
        let run = codes.path("run"), archive = codes.path("a.varve")
        let hint = "this run began from org/model, which is in the local hub cache: --base org/model"
        let estimate = try varve("compress", run, archive, "--dry-run")
        #expect(estimate.status == 0 && estimate.error.components(separatedBy: hint).count == 2, "\(estimate)")
        let compressed = try varve("compress", run, archive)
        #expect(compressed.status == 0 && compressed.error.components(separatedBy: hint).count == 2, "\(compressed)")
        #expect(try varve("restore", archive, "--step", "all", "-o", codes.path("out")).status == 0)
        #expect(try varve("compress", run, archive).error.contains(hint) == false)
        let elsewhere = try varve("compress", run, codes.path("b.varve"), environment: ["HF_HOME": codes.path("none")])
        #expect(elsewhere.status == 0 && !elsewhere.error.contains("org/model"))
        // A measurement has no use for it.
        #expect(try varve("bench", run, "--qualities", "lossless").error.contains(hint) == false)
    }

    @Test func aRestoreNeedsItAndSaysWhatItIs() throws {
        let run = codes.path("run"), archive = codes.path("a.varve"), output = codes.path("out")
        let compressed = try varve("compress", run, archive, "--base", "org/model", "--quality", "lossless")
        #expect(compressed.status == 0, "\(compressed)")
        #expect(compressed.error.components(separatedBy: "restoring needs --base org/model@abc123").count == 2)
        let without = try varve("restore", archive, "--step", "all", "-o", output)
        #expect(without.status == 2 && without.error.contains("--base org/model@abc123"), "\(without)")
        let missing = try varve(
            "restore", archive, "--step", "all", "-o", output, "--base", "org/model",
            environment: ["HF_HOME": codes.path("none")])
        #expect(missing.status == 1 && missing.error.contains(codes.path("none/hub/models--org--model")), "\(missing)")
        #expect(!Directories.exists(output))
        #expect(try varve("restore", archive, "--step", "all", "-o", output, "--base", "org/model@abc123").status == 0)
        let name = "checkpoint-30/model.safetensors"
        #expect(try codes.directory.read("out/" + name) == codes.directory.read("run/" + name))
        #expect(try varve("verify", archive, "--against", run, "--base", "org/model").status == 0)
    }
}
