import Foundation
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// The command as a user calls it: exit codes, streams, formats.
@Suite struct ExitCodeTests {
    let directory = try! TemporaryDirectory()

    struct Outcome {
        var status: Int32
        var output: String
        var error: String
    }

    /// The executable beside the test bundle.
    static let executable: String = {
        // .build/<configuration>/varvePackageTests.xctest or .../swift-pm helpers; the products lie side by side.
        var directory = Paths.split(CommandLine.arguments[0]).directory
        for bundle in Bundle.allBundles where bundle.bundlePath.hasSuffix(".xctest") {
            directory = Paths.split(bundle.bundlePath).directory
        }
        return Paths.join(directory, "varve")
    }()

    static let fixtures = Paths.join(SharedRuns.packageRoot, "Fixtures")

    func varve(_ arguments: String...) throws -> Outcome { try varve(arguments) }

    /// - Parameter settings: added to the environment.
    func varve(_ arguments: [String], environment settings: [String: String] = [:]) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.executable)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(settings) { $1 }
        let output = Paths.join(directory.path, "stdout"), error = Paths.join(directory.path, "stderr")
        _ = FileManager.default.createFile(atPath: output, contents: nil)
        _ = FileManager.default.createFile(atPath: error, contents: nil)
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: error)
        try process.run()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
            error: try String(contentsOfFile: error, encoding: .utf8))
    }

    func path(_ name: String) -> String { Paths.join(directory.path, name) }

    @Test func helpAndVersionSucceed() throws {
        #expect(try varve("--version").output == "0.1.0\n")
        for command in [
            "compress", "watch", "restore", "cat", "report", "list", "verify", "forget", "pin", "prune", "inspect",
            "bench", "compare", "commit",
        ] {
            let help = try varve(command, "--help")
            #expect(help.status == 0 && help.output.contains("USAGE: varve \(command)"))
            #expect(help.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
        }
    }

    @Test(arguments: [
        [], ["--method", "excp", "--alpha", "0.01"], ["--quality", "high", "--keyframe", "exact"],
        ["--quality", "lossless"],
    ])
    func aWholeSessionAndItsExitCodes(options: [String]) throws {
        let run = Paths.join(Self.fixtures, "odd-run"), archive = path("odd.varve")
        let compressed = try varve(["compress", run, archive] + options)
        #expect(compressed.status == 0, "\(compressed)")
        #expect(compressed.error.contains("lossy"))
        #expect(compressed.error.contains("every byte is kept exactly") == (options.last == "lossless"))
        #expect(try varve("compress", run, archive).output.contains("already there"))
        #expect(try varve("list", archive).status == 0)
        for grouping in ["layer", "tensor", "role", "step", "file"] {
            let report = try varve("report", archive, "--by", grouping)
            #expect(report.status == 0 && report.error.isEmpty)
            #expect(!report.output.contains("…"))
            let document = try varve("report", archive, "--by", grouping, "--json").output
            let json = try JSONSerialization.jsonObject(with: Data(document.utf8)) as? [String: Any]
            #expect(json?["steps"] != nil && json?["total"] != nil)
            #expect(try varve("report", archive, "--by", grouping, "--csv").output.hasPrefix("name,step,role"))
        }
        #expect(try varve("verify", archive).status == 0)
        #expect(try varve("verify", archive, "--deep").output.contains("decoded"))
        #expect(try varve("restore", archive, "--step", "latest", "-o", path("out")).status == 0)
        #expect(try varve("restore", archive, "--step", "latest", "-o", path("out")).status == 1)
        #expect(try varve("restore", archive, "--step", "latest", "-o", path("out"), "--overwrite").status == 0)
        #expect(try varve("inspect", run).status == 0)
        #expect(try varve("inspect", run, "--json", "--hash").status == 0)
    }

    /// Names come from files that anybody may have made: none of them may steer the terminal.
    @Test func namesDoNotControlTheTerminal() throws {
        let run = path("steered")
        try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
        let name = "ckpt_\u{1B}[2J_7.pt"
        try FileManager.default.copyItem(
            atPath: Paths.join(Self.fixtures, "odd-run/ckpt_100.pt"), toPath: Paths.join(run, name))
        let outcomes = [
            try varve("inspect", run), try varve("compress", run, path("steered.varve")),
            try varve("list", path("steered.varve")), try varve("report", path("steered.varve"), "--by", "file"),
        ]
        for outcome in outcomes {
            #expect(outcome.status == 0)
            #expect(!outcome.output.contains("\u{1B}") && !outcome.error.contains("\u{1B}"))
        }
        #expect(outcomes[2].output.contains("\u{FFFD}[2J"))
    }

    @Test func usageErrorsAreTwo() throws {
        #expect(try varve().status == 0)
        #expect(try varve("compress").status == 2)
        #expect(try varve("nonsense").status == 2)
        let run = Self.fixtures + "/odd-run"
        for wrong in [
            ["--method", "excp", "--bits", "9"], ["--alpha", "0.01"], ["--step-size", "0"], ["--quality", "perfect"],
            ["--method", "excp", "--quality", "high"], ["--method", "excp", "--quality", "lossless"],
            ["--quality", "lossless", "--step-size", "1"], ["--quality", "lossless", "--target-ratio", "9"],
            ["--quality", "lossless", "--keyframe", "exact"], ["--quality", "lossless", "--alpha", "0.01"],
            ["--effort", "most"], ["--quality", "lossless", "--effort", "low"],
            ["--method", "excp", "--effort", "high"],
        ] { #expect(try varve(["compress", run, path("x.varve")] + wrong).status == 2, "\(wrong)") }
        #expect(try varve("restore", path("x.varve"), "--step", "4--5", "-o", path("o")).status == 2)
        #expect(try varve("report", path("x.varve"), "--steps", "5-2").status == 2)
    }

    @Test func aWatchThatEndsNamesWhatIsMissingWithThree() throws {
        let run = path("watched")
        try FileManager.default.copyItem(atPath: Paths.join(Self.fixtures, "hf-trainer-run"), toPath: run)
        try FileManager.default.removeItem(atPath: Paths.join(run, "checkpoint-400/optimizer.pt"))
        let watched = try varve(
            "watch", run, path("watched.varve"), "--quality", "lossless", "--settle", "0.1", "--idle", "1")
        #expect(watched.status == 3 && watched.error.contains("skipped checkpoint-400: "))
        #expect(watched.output.contains("not in the archive: checkpoint-400"))
    }

    /// What is about to be done is not said of a call that does nothing.
    @Test func aWatchThatIsRefusedSaysOnlyWhy() throws {
        let run = path("refused")
        try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
        let refused = try varve("watch", run, Paths.join(run, "x.varve"), "--idle", "1")
        #expect(refused.status == 2 && refused.error.hasPrefix("varve: ") && !refused.error.contains("watching"))
    }

    @Test func missingIsOneAndForeignIsTen() throws {
        #expect(try varve("compress", path("nowhere"), path("x.varve")).status == 1)
        #expect(try varve("list", path("nowhere")).status == 1)
        #expect(try varve("list", directory.path).status == 10)
        #expect(try varve("restore", directory.path, "--step", "all", "-o", path("o")).status == 10)
    }

    @Test func skippedIsThreeAndDamagedIsTwelve() throws {
        let run = path("run"), archive = path("run.varve")
        try FileManager.default.copyItem(atPath: Paths.join(Self.fixtures, "odd-run"), toPath: run)
        let inspected = try varve("inspect", run, "--json").output
        let json = try JSONSerialization.jsonObject(with: Data(inspected.utf8)) as? [String: Any]
        let steps = json?["steps"] as? [[String: Any]] ?? []
        let file = Paths.join(run, steps.last?["checkpoint"] as? String ?? "")
        let content = try Data(contentsOf: URL(fileURLWithPath: file))
        try content.prefix(content.count / 2).write(to: URL(fileURLWithPath: file))
        let skipped = try varve("compress", run, archive)
        #expect(skipped.status == 3 && skipped.error.contains(Paths.split(file).name))
        let digits = "\(steps[1]["step"] as? Int ?? 0)"
        let part = Paths.join(
            archive, "steps/" + String(repeating: "0", count: 12 - digits.count) + digits + "/0000.part")
        var bytes = try Data(contentsOf: URL(fileURLWithPath: part))
        bytes[bytes.count / 2] ^= 0x10
        try bytes.write(to: URL(fileURLWithPath: part))
        let verified = try varve("verify", archive)
        #expect(verified.status == 12 && verified.output.contains("0000.part"))
        let restored = try varve("restore", archive, "--step", digits, "-o", path("o"))
        #expect(restored.status == 12 && restored.error.contains("0000.part"))
        #expect(!FileManager.default.fileExists(atPath: path("o")))
    }
}
