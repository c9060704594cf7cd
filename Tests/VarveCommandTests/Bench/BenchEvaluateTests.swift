import Foundation
import Glibc
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// `varve bench --evaluate`: a command of the user's tells of the checkpoint as it is and as each quality restored it.
@Suite struct BenchEvaluateTests {
    let codes = ExitCodeTests()

    /// A matrix: vectors without an optimizer are exact.
    private static func shape(_ elements: Int) -> [Int] { elements % 20 == 0 ? [20, elements / 20] : [1, elements] }

    /// A run of directories, or of single files.
    private func makeRun(directories: Bool, elements: Int = 2000) throws -> String {
        for step in 1...2 {
            let file = SafetensorsMaker.file([TestTensor("w", shape: Self.shape(elements), seed: 1, step: step)])
            if directories {
                try codes.directory.write(file, to: "my run/checkpoint-\(step)/model.safetensors")
                let state = Array("{\"global_step\": \(step)}".utf8)
                try codes.directory.write(state, to: "my run/checkpoint-\(step)/trainer_state.json")
            } else {
                try codes.directory.write(file, to: "my run/step_\(step).safetensors")
            }
        }
        try Directories.create(codes.path("scratch"))
        return codes.path("my run")
    }

    private func bench(_ run: String, _ command: String, _ arguments: String...) throws -> ExitCodeTests.Outcome {
        try codes.varve(["bench", run, "--scratch", codes.path("scratch"), "--evaluate", command] + arguments)
    }

    private func object(_ text: some StringProtocol) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test(arguments: [
        (true, "cat {}/model.safetensors {}/trainer_state.json | wc -c"), (false, "wc -c < {} && test -f {}"),
    ])
    func theCommandGetsThePathOfEachCheckpoint(directories: Bool, command: String) throws {
        let run = try makeRun(directories: directories)
        let last = directories ? "checkpoint-2/model.safetensors" : "step_2.safetensors"
        var bytes = Int(try InputFile(Paths.join(run, last)).byteCount)
        if directories { bytes += Int(try InputFile(Paths.join(run, "checkpoint-2/trainer_state.json")).byteCount) }
        let table = try bench(run, command, "--qualities", "lossless,small", "-q")
        #expect(table.status == 0, "\(table)")
        #expect(table.error.split(separator: "\n").allSatisfy { $0.hasPrefix("note: step 2: quantized without") })
        let lines = table.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines.map { $0[0] } == ["quality", "original", "lossless", "small"])
        #expect(lines.map { $0.last } == ["evaluation", "\(bytes)", "\(bytes)", "\(bytes)"])
        #expect(try SystemCalls.list(codes.path("scratch")) == [])
    }

    @Test func lossyCheckpointsAreOthersAndTheOriginalIsTheRuns() throws {
        let run = try makeRun(directories: true)
        let outcome = try bench(run, "cksum < {}/model.safetensors", "--qualities", "lossless,small", "--json")
        #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome)")
        // The last number of `cksum` is the size: the same for all.
        let document = try object(outcome.output)
        let rows = try #require(document["rows"] as? [[String: Any]])
        let size = try #require(document["originalEvaluation"] as? Int)
        #expect(rows.compactMap { $0["evaluation"] as? Int } == [size, size])
        let sums = try bench(
            run, "cksum < {}/model.safetensors | cut -d' ' -f1", "--qualities", "lossless,small", "--json")
        let summed = try object(sums.output)
        let original = try #require(summed["originalEvaluation"] as? Int)
        let found = try #require(summed["rows"] as? [[String: Any]]).compactMap { $0["evaluation"] as? Int }
        #expect(found.count == 2 && found[0] == original && found[1] != original)
    }

    @Test(arguments: [
        ("echo loss 2.5", "2.5"), ("echo 1; echo 'a 2 b -3e-2 c'; echo done", "-0.03"), ("printf 7", "7"),
        ("echo 'acc=.125,'", "0.125"), ("echo 'epoch 3 of 5.'", "5"), ("echo 93.4%", "93.4"), ("echo step10 4 x5", "4"),
        ("echo 3; echo nan", "nan"), ("printf '2.25 \\033[0m\\n'", "2.25"), ("echo 9; echo 1 >&2", "9"),
        ("echo 1.5E+3", "1500"), ("echo '{\"loss\": 0.5}' \\# 1 information", "1"),
    ])
    func theLastNumberCounts(command: String, shown: String) throws {
        let run = try makeRun(directories: false)
        let outcome = try bench(run, ": {}; " + command, "--qualities", "lossless", "-q")
        #expect(outcome.status == 0, "\(outcome)")
        let cells = outcome.output.split(separator: "\n").dropFirst().map {
            $0.split(separator: " ").last.map(String.init)
        }
        #expect(cells == [shown, shown], "\(outcome.output)")
    }

    @Test(arguments: [
        ("echo 5; echo something broke >&2; exit 3", "exit status 3", "something broke"),
        ("echo no figure here", "no number", "no figure here"), ("echo 5; kill -9 $$", "signal 9", "5"),
    ])
    func aFailureIsToldAndTheBenchGoesOn(script: String, how: String, said: String) throws {
        let run = try makeRun(directories: false)
        // Only what was restored fails.
        let command = "case {} in *scratch*) \(script);; *) echo 1;; esac"
        let outcome = try bench(run, command, "--qualities", "lossless,small")
        #expect(outcome.status == 1)
        let cells = outcome.output.split(separator: "\n").dropFirst().map {
            $0.split(separator: " ").last.map(String.init)
        }
        #expect(cells == ["1", "failed", "failed"], "\(outcome)")
        #expect(outcome.error.contains("lossless: the evaluation failed: ") && outcome.error.contains(how))
        #expect(
            outcome.error.contains("small: the evaluation failed: ") && outcome.error.contains("\n  \(said)"),
            "\(outcome.error)")
        let json = try bench(run, command, "--qualities", "lossless", "--json")
        #expect(json.status == 1)
        #expect(try object(json.error)["exit"] as? Int == 1)
        let document = try object(json.output)
        #expect(document["failedEvaluations"] as? [String] == ["lossless"])
        #expect(try #require(document["rows"] as? [[String: Any]])[0]["evaluation"] == nil)
        #expect(try SystemCalls.list(codes.path("scratch")) == [])
    }

    @Test func aCommandWithoutAPlaceForThePathIsAWrongCall() throws {
        let run = try makeRun(directories: false)
        for wrong in ["", "wc -c", "wc {"] { #expect(try bench(run, wrong).status == 2) }
        #expect(
            try codes.varve("bench", run, "--json", "--qualities", "lossless").output.contains("valuation") == false)
    }

    @Test(arguments: [SIGINT, SIGTERM]) func aSignalEndsTheCommandAndAllThatItBegan(signal: Int32) throws {
        let run = try makeRun(directories: false), scratch = codes.path("scratch"), mark = codes.path("mark")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: ExitCodeTests.executable)
        let command = ": {}; sleep 500 & echo $! > '\(mark).new'; mv '\(mark).new' '\(mark)'; wait; echo 1"
        process.arguments = ["bench", run, "--qualities", "lossless", "--scratch", scratch, "--evaluate", command]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        while process.isRunning, (try? FileIdentity(path: mark)) == nil { usleep(1000) }
        let text = try String(contentsOfFile: mark, encoding: .utf8)
        let sleeper = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 128 + signal)
        // It may be a zombie of this machine's first process for a moment.
        for _ in 0..<200 where kill(sleeper, 0) == 0 && !Self.isZombie(sleeper) { usleep(5000) }
        #expect(kill(sleeper, 0) != 0 || Self.isZombie(sleeper))
        #expect(try SystemCalls.list(scratch) == [])
    }

    private static func isZombie(_ process: pid_t) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return true }
        return text[end...].dropFirst(2).first == "Z"
    }
}
