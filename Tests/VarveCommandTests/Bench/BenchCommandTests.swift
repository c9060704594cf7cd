import Foundation
import Glibc
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// `varve bench`: the figures are those of real archives, and nothing is left behind.
@Suite struct BenchCommandTests {
    let codes = ExitCodeTests()

    private var run: String { Paths.join(ExitCodeTests.fixtures, "odd-run") }

    /// A directory to work in, of this test alone.
    private func scratch() throws -> String {
        let path = codes.path("scratch")
        try Directories.create(path)
        return path
    }

    private func object(_ text: some StringProtocol) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private func bench(_ arguments: [String]) throws -> ExitCodeTests.Outcome {
        try codes.varve(["bench"] + arguments, environment: ["TMPDIR": try scratch()])
    }

    private func rows(_ document: [String: Any]) throws -> [[String: Any]] {
        try #require(document["rows"] as? [[String: Any]])
    }

    /// The same settings, the same steps, by the ordinary commands.
    @Test(arguments: [
        ("lossless", ["--quality", "lossless"]), ("small", ["--quality", "small"]),
        ("balanced:low", ["--effort", "low"]), ("excp:0.01", ["--method", "excp", "--alpha", "0.01"]),
    ])
    func theFiguresAreThoseOfAnArchive(quality: String, options: [String]) throws {
        let measured = try bench([run, "--qualities", quality, "--json"])
        #expect(measured.status == 0 && measured.error.isEmpty, "\(measured)")
        let row = try #require(try rows(object(measured.output)).first)
        let archive = codes.path("a.varve")
        let compressed = try object(try codes.varve(["compress", run, archive, "--json"] + options).output)
        for field in ["originalBytes", "storedBytes"] {
            #expect(row[field] as? Int == compressed[field] as? Int, "\(field)")
        }
        let report = try object(try codes.varve("report", archive, "--by", "step", "--json").output)
        let steps = try #require(row["steps"] as? [[String: Any]])
        #expect(steps.compactMap { $0["step"] as? Int } == [100, 200, 300])
        #expect(steps.compactMap { $0["keyframe"] as? Bool } == [true, false, false])
        let reported = try #require(report["steps"] as? [[String: Any]])
        for (step, other) in zip(steps, reported) {
            #expect(step["storedBytes"] as? Int == other["storedBytes"] as? Int)
        }
        #expect((row["check"] as? String) == (quality == "lossless" ? "identical" : "hashes"))
        let error = try #require(row["weightError"] as? Double)
        #expect(quality == "lossless" ? error == 0 : error > 0.01 && error < 2)
    }

    @Test func theFiguresAddUp() throws {
        let outcome = try bench([run, "--qualities", "balanced", "--json-lines", "--threads", "1", "--memory", "1GB"])
        #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome)")
        let lines = try outcome.output.split(separator: "\n").map { try object($0) }
        let types = lines.compactMap { $0["type"] as? String }
        #expect(types.first == "begin" && types.last == "benchmark" && types.filter { $0 == "finished" }.count == 3)
        let begun = try #require(types.firstIndex(of: "measuring")), done = try #require(types.firstIndex(of: "row"))
        #expect(begun < done)
        let document = try #require(lines.last)
        #expect(document["threads"] as? Int == 1)
        let row = try #require(try rows(document).first)
        let steps = try #require(row["steps"] as? [[String: Any]])
        func sum(_ field: String) -> Int { steps.reduce(0) { $0 + ($1[field] as? Int ?? 0) } }
        let original = sum("originalBytes"), stored = sum("storedBytes")
        #expect(document["originalBytes"] as? Int == original && row["originalBytes"] as? Int == original)
        let ratio = try #require(row["ratio"] as? Double), lastRatio = try #require(row["lastRatio"] as? Double)
        #expect(abs(ratio * Double(stored) - Double(original)) < 0.001)
        let last = try #require(steps.last)
        let lastBytes = try #require(last["originalBytes"] as? Int),
            lastStored = try #require(last["storedBytes"] as? Int)
        #expect(abs(lastRatio * Double(lastStored) - Double(lastBytes)) < 0.001)
        let compress = try #require(row["compress"] as? [String: Any])
        let restore = try #require(row["restore"] as? [String: Any])
        #expect(compress["bytes"] as? Int == original && restore["bytes"] as? Int == lastBytes)
        var peaks: [Int] = []
        for work in [compress, restore] {
            let bytes = try #require(work["bytes"] as? Double), seconds = try #require(work["seconds"] as? Double)
            let speed = try #require(work["megabytesPerSecond"] as? Double)
            #expect(seconds > 0 && abs(speed * seconds * 1e6 - bytes) < 1)
            #expect(try #require(work["processorSeconds"] as? Double) > 0)
            peaks.append(try #require(work["peakBytes"] as? Int))
        }
        #expect(peaks.allSatisfy { $0 > 1 << 20 } && row["peakBytes"] as? Int == peaks.max())
        // The steps' times are part of the process's.
        let taken = steps.reduce(0) { $0 + ($1["seconds"] as? Double ?? 0) }
        let whole = try #require(compress["seconds"] as? Double)
        #expect(taken > 0 && taken <= whole + 0.01)
    }

    /// The option that `bench` calls `compress` with.
    @Test func compressingSomeStepsLeavesTheOthersForLater() throws {
        let archive = codes.path("some.varve")
        let estimate = try object(try codes.varve("compress", run, archive, "--steps", "200", "-n", "--json").output)
        #expect(try #require(estimate["steps"] as? [[String: Any]]).compactMap { $0["step"] as? Int } == [200])
        func added(_ arguments: [String]) throws -> [Int] {
            let document = try object(try codes.varve(["compress", run, archive, "--json"] + arguments).output)
            return try #require(document["added"] as? [Int])
        }
        #expect(try added(["--steps", "50-150,300-"]) == [100, 300])
        #expect(try added([]) == [200])
        #expect(try codes.varve("verify", archive, "--against", run).status == 0)
    }

    @Test func aSingleCheckpointHasNoChange() throws {
        for path in [run, Paths.join(run, "ckpt_300.pt")] {
            let outcome = try bench([path, "--limit", "1", "--qualities", "balanced", "--json"])
            #expect(outcome.status == 0, "\(outcome)")
            let row = try #require(try rows(object(outcome.output)).first)
            #expect(row["deltaMegabytesPerSecond"] == nil && row["weightError"] == nil)
            #expect(row["keyframeMegabytesPerSecond"] != nil && row["ratio"] as? Double == row["lastRatio"] as? Double)
        }
        let table = try bench([run, "--steps", "300", "--qualities", "balanced", "-q"])
        #expect(table.status == 0 && table.error.isEmpty)
        let lines = table.output.split(separator: "\n")
        #expect(lines.count == 2 && lines[0].hasPrefix("quality") && lines[1].hasPrefix("balanced"))
        #expect(lines[1].split(separator: " ").filter { $0 == "-" }.count == 2 && lines.allSatisfy { $0.count <= 100 })
    }

    @Test func theNewestCheckpointsAreTakenOrThoseThatAreNamed() throws {
        func steps(_ arguments: [String]) throws -> [Int] {
            let document = try object(try bench([run, "--qualities", "excp", "--json"] + arguments).output)
            return try #require(document["checkpoints"] as? [[String: Any]]).compactMap { $0["step"] as? Int }
        }
        #expect(try steps(["--limit", "2"]) == [200, 300])
        #expect(try steps(["--steps", "100,250-400"]) == [100, 300])
        #expect(try steps(["--steps", "100-200", "--limit", "1"]) == [200])
        #expect(try steps(["--all"]) == [100, 200, 300])
    }

    @Test func wrongCallsAreTwoAndMissingIsOne() throws {
        for wrong in [
            ["--qualities", "best"], ["--qualities", "lossless,lossless"], ["--qualities", ""], ["--limit", "0"],
            ["--qualities", "excp:nan"], ["--qualities", "excp:0"], ["--qualities", "small:1"],
            ["--qualities", "lossless:low"], ["--qualities", "small:low:low"], ["--threads", "-1"],
            ["--memory", "some"],
            ["--all", "--limit", "2"], ["--steps", "5-2"], ["--steps", "7"], ["--scratch", run],
        ] { #expect(try bench([run] + wrong).status == 2, "\(wrong)") }
        #expect(try bench([codes.path("nowhere")]).status == 1)
        #expect(try bench([run, "--scratch", codes.path("nowhere")]).status == 1)
        try Directories.create(codes.path("empty"))
        let empty = try bench([codes.path("empty"), "--json"])
        #expect(empty.status == 2 && empty.output.isEmpty)
        #expect(try object(empty.error)["code"] as? String == "usage")
        #expect(try SystemCalls.list(scratch()) == [])
    }

    @Test func whatIsIncompleteIsNamedAndLeftOut() throws {
        let copy = codes.path("run")
        try FileManager.default.copyItem(atPath: run, toPath: copy)
        let content = try Data(contentsOf: URL(fileURLWithPath: Paths.join(copy, "ckpt_300.pt")))
        try content.prefix(content.count / 2).write(to: URL(fileURLWithPath: Paths.join(copy, "ckpt_300.pt")))
        let outcome = try bench([copy, "--qualities", "lossless"])
        #expect(
            outcome.status == 3 && outcome.error.contains("skipped ckpt_300.pt") && outcome.output.contains("exact"))
        let none = codes.path("none")
        try Directories.create(none)
        try content.prefix(content.count / 2).write(to: URL(fileURLWithPath: Paths.join(none, "ckpt_300.pt")))
        let failed = try bench([none, "--json"])
        #expect(failed.status != 0 && failed.output.isEmpty, "\(failed)")
    }
}
