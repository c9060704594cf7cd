import Foundation
import FileSystem
import TensorFiles
import Testing

/// What programs and new users meet: JSON, help, completions, the manual.
@Suite struct CommandOutputTests {
    let codes = ExitCodeTests()

    var run: String { Paths.join(ExitCodeTests.fixtures, "odd-run") }

    private func object(_ text: some StringProtocol) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test func everyDocumentSaysWhatItIs() throws {
        let archive = codes.path("a.varve")
        for (arguments, type) in [
            (["compress", run, archive, "--dry-run"], "estimate"), (["compress", run, archive], "compression"),
            (["list", archive], "list"), (["compare", archive, archive], "comparison"),
            (["report", archive], "report"), (["verify", archive], "verification"),
            (["inspect", run], "inspection"), (["bench", run, "--qualities", "lossless", "--limit", "1"], "benchmark"),
            (["restore", archive, "--step", "latest", "--overwrite", "-o", codes.path("o")], "restoration"),
            (["pin", archive, "--steps", "100"], "pins"), (["forget", archive, "--keep-last", "1"], "forget"),
            (["prune", archive, "-n"], "prune"), (["forget", archive, "--undo"], "undo"),
        ] {
            let document = try codes.varve(arguments + ["--json"])
            #expect(document.status == 0 && document.error.isEmpty, "\(arguments): \(document)")
            #expect(try object(document.output)["type"] as? String == type)
            let lines = try codes.varve(arguments + ["--json-lines"])
            #expect(lines.status == 0 && lines.error.isEmpty)
            let types = try lines.output.split(separator: "\n").map { try object($0)["type"] as? String }
            #expect(types.last == type && !types.contains(nil))
            #expect(types.dropLast().contains(type) == false)
        }
    }

    @Test func longWorkIsToldInLines() throws {
        let outcome = try codes.varve("compress", run, codes.path("a.varve"), "--json-lines")
        let lines = try outcome.output.split(separator: "\n").map { try object($0) }
        #expect(lines.first?["type"] as? String == "begin" && lines.first?["steps"] as? Int == 3)
        let finished = lines.filter { $0["type"] as? String == "finished" }
        #expect(finished.compactMap { $0["step"] as? Int } == [100, 200, 300])
        let stored = finished.compactMap { $0["storedBytes"] as? Int }.reduce(0, +)
        #expect(lines.last?["storedBytes"] as? Int == stored)
    }

    @Test func errorsAreJSONWhereJSONIsWanted() throws {
        for form in ["--json", "--json-lines"] {
            let missing = try codes.varve("list", codes.path("nowhere"), form)
            #expect(missing.status == 1 && missing.output.isEmpty)
            let error = try object(missing.error)
            #expect(error["type"] as? String == "error" && error["code"] as? String == "notFound")
            #expect(error["exit"] as? Int == 1 && error["file"] as? String == codes.path("nowhere"))
            let usage = try codes.varve("restore", codes.path("a"), form)
            #expect(try usage.status == 2 && object(usage.error)["code"] as? String == "usage")
        }
        #expect(try codes.varve("list", "--json", "--json-lines", codes.path("a")).status == 2)
        #expect(try codes.varve("list", "-q", "-v", codes.path("a")).status == 2)
    }

    @Test func quietIsSilentWhereAllIsWell() throws {
        let archive = codes.path("a.varve")
        let compressed = try codes.varve("compress", run, archive, "-q")
        #expect(compressed.output.isEmpty && !compressed.error.contains("step 100:"))
        for arguments in [["verify", archive], ["restore", archive, "--step", "100", "-o", codes.path("o")]] {
            let outcome = try codes.varve(arguments + ["-q"])
            #expect(outcome.status == 0 && outcome.output.isEmpty && outcome.error.isEmpty)
        }
        #expect(try codes.varve("list", archive, "-q").output.contains("keyframe"))
    }

    @Test func theReportTellsWhatRestoringCosts() throws {
        let archive = codes.path("a.varve")
        #expect(try codes.varve("compress", run, archive, "-q", "--keyframe-every", "auto").status == 0)
        let report = try object(try codes.varve("report", archive, "--json").output)
        let steps = report["steps"] as? [[String: Any]] ?? []
        let costs = steps.compactMap { $0["restoreCost"] as? Double }
        #expect(costs.count == steps.count && costs.first == 1 && costs.dropFirst().allSatisfy { $0 > 1 })
        let text = try codes.varve("report", archive, "--by", "step").output
        #expect(text.contains("restoring the last step (300) costs ") && text.contains(" times a keyframe"))
        #expect(text.contains("restore"))
        let first = try codes.varve("report", archive, "--steps", "100").output
        #expect(first.contains("restoring the last step (100) costs as much as a keyframe"))
        for wrong in ["0", "-1", "never", "1.5", ""] {
            #expect(try codes.varve("compress", run, archive, "--keyframe-every", wrong).status == 2, "\(wrong)")
        }
    }

    /// Every command with its options, from the definitions themselves.
    private func commands() throws -> [(name: String, options: [String])] {
        let dump = try object(try codes.varve("--experimental-dump-help").output)
        let root = try #require(dump["command"] as? [String: Any])
        let commands = root["subcommands"] as? [[String: Any]] ?? []
        return commands.compactMap { command in
            guard let name = command["commandName"] as? String, name != "help",
                command["shouldDisplay"] as? Bool != false
            else { return nil }
            let arguments = command["arguments"] as? [[String: Any]] ?? []
            let names = arguments.flatMap { $0["names"] as? [[String: Any]] ?? [] }
            return (name, names.filter { $0["kind"] as? String == "long" }.compactMap { $0["name"] as? String })
        }
    }

    @Test func helpReadsWellAtEightyColumns() throws {
        let commands = try commands()
        #expect(commands.count >= 6)
        for arguments in [["--help"]] + commands.map({ [$0.name, "--help"] }) {
            let help = try codes.varve(arguments, environment: ["COLUMNS": "80"])
            #expect(help.status == 0 && help.output.contains("USAGE: varve"))
            for line in help.output.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
        }
        for (name, options) in commands { #expect(options.contains("json") && options.contains("quiet"), "\(name)") }
    }

    @Test func theGuideHasTheExitCodesOfTheHelp() throws {
        let root = Paths.split(ExitCodeTests.fixtures).directory
        let guide = try String(
            contentsOfFile: Paths.join(root, "Docs/guide/troubleshooting.md"), encoding: .utf8)
        let help = try codes.varve(["--help"], environment: ["COLUMNS": "80"]).output.split(separator: "\n")
        let table = guide.split(separator: "\n").drop { !$0.hasPrefix("| exit code") }.dropFirst(2)
            .prefix { $0.hasPrefix("|") }.map {
                $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            }
        #expect(table.map { $0[0] } == ["0", "1", "2", "3", "10", "11", "12", "13", "129, 130, 143"])
        for row in table {
            let line = help.first { $0.hasPrefix("  \(row[0]) ") }
            let meaning = try #require(line).dropFirst(2 + row[0].count).trimmingCharacters(in: .whitespaces)
            #expect(row[1].hasPrefix(meaning), "\(row)")
        }
    }

    @Test func theManualHasEveryCommandAndOption() throws {
        let manual = try codes.varve("manual")
        #expect(manual.status == 0 && manual.output.hasPrefix(".TH VARVE 1"))
        let text = manual.output.replacing("\\-", with: "-")
        for (name, options) in try commands() {
            let section = text.split(separator: ".SS \(name)\n").dropFirst().first
            let own = try #require(section).split(separator: "\n.SS ").first ?? ""
            for option in options { #expect(own.contains("\\fB--\(option)\\fR"), "\(name) --\(option)") }
        }
    }

    private static let groff = "/usr/bin/groff"

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: groff), "needs groff"))
    func theManualIsInOrderForItsFormatter() throws {
        let manual = try codes.varve("manual")
        try manual.output.write(toFile: codes.path("varve.1"), atomically: true, encoding: .utf8)
        let process = Process(), warnings = Pipe()
        process.executableURL = URL(fileURLWithPath: Self.groff)
        process.arguments = ["-man", "-ww", "-Tascii", "-z", codes.path("varve.1")]
        process.standardError = warnings
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(String(decoding: warnings.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) == "")
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func completionsKnowEveryCommand(shell: String) throws {
        let script = try codes.varve("--generate-completion-script", shell)
        #expect(script.status == 0)
        for (name, options) in try commands() {
            #expect(script.output.contains(name))
            for option in options { #expect(script.output.contains(option), "\(name) --\(option)") }
        }
    }

    private static let bash = "/bin/bash"

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: bash), "needs bash"))
    func theCompletionsForBashAreAScript() throws {
        let script = try codes.varve("--generate-completion-script", "bash")
        try script.output.write(toFile: codes.path("completion"), atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.bash)
        process.arguments = ["-n", codes.path("completion")]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
