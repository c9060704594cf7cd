import Foundation
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// `compress --dry-run`: what it says is true, and it leaves nothing behind.
@Suite struct DryRunTests {
    let codes = ExitCodeTests()

    private func document(_ arguments: [String]) throws -> [String: Any] {
        let outcome = try codes.varve(arguments + ["--json"])
        #expect(outcome.status == 0, "\(outcome)")
        return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    }

    @Test(arguments: [[], ["--quality", "lossless"], ["--method", "excp"]])
    func theEstimateIsCloseAndNothingIsWritten(options: [String]) throws {
        let run = Paths.join(ExitCodeTests.fixtures, "odd-run"), archive = codes.path("deep/er/a.varve")
        let before = try SystemCalls.list(run)
        let estimate = try document(["compress", run, archive, "--dry-run"] + options)
        #expect(try SystemCalls.list(run) == before)
        #expect(!Directories.exists(codes.path("deep")))
        #expect(try Set(SystemCalls.list(codes.directory.path)) == ["stdout", "stderr"])
        let made = codes.path("a.varve")
        let real = try document(["compress", run, made] + options)
        let guessed = try #require(estimate["storedBytes"] as? Double),
            stored = try #require(
                real["storedBytes"] as? Double)
        #expect(abs(guessed / stored - 1) < 0.15, "\(guessed) for \(stored)")
        #expect(estimate["originalBytes"] as? Int == real["originalBytes"] as? Int)
    }

    /// What the next step builds on: beside the archive while it is worked, and in the directory that was named for it.
    @Test(arguments: [[], ["--quality", "lossless"], ["--method", "excp"]])
    func theSizeOfTheStateIsToldBefore(options: [String]) throws {
        let run = codes.path("run"), archive = codes.path("a.varve"), states = codes.path("states")
        let training = DriftingRun([.init("w", [640, 640]), .init("b", [64])], steps: 3)
        for step in training.steps() { try codes.directory.write(step.file(), to: "run/ckpt_\(step.number).pt") }
        let without = try document(["compress", run, archive, "--dry-run"] + options)
        #expect(without["stateBytes"] == nil && without["scratchBytes"] as? Int != nil)
        let arguments = ["compress", run, archive, "--state", states] + options
        let estimate = try document(arguments + ["--dry-run"])
        #expect(!Directories.exists(states))
        let text = try codes.varve(arguments + ["--dry-run"])
        #expect(text.output.contains("more beside the archive") && text.output.contains("--state takes about"))
        _ = try document(arguments)
        let file = try #require(try SystemCalls.list(states).first)
        let size = Double(try FileIdentity(path: Paths.join(states, file)).byteCount)
        let guessed = try #require(estimate["stateBytes"] as? Double)
        #expect(abs(guessed / size - 1) < 0.1, "\(guessed) for \(size)")
    }

    @Test func onlyWhatIsMissingIsEstimated() throws {
        let run = codes.path("run"), archive = codes.path("a.varve")
        let training = DriftingRun([.init("w", [64, 64]), .init("b", [64])], steps: 4)
        for step in training.steps().prefix(3) {
            try codes.directory.write(step.file(), to: "run/ckpt_\(step.number).pt")
        }
        _ = try document(["compress", run, archive])
        let nothing = try document(["compress", run, archive, "--dry-run"])
        #expect((nothing["steps"] as? [Any])?.isEmpty == true && (nothing["present"] as? [Any])?.count == 3)
        let last = try #require(training.steps().last)
        try codes.directory.write(last.file(), to: "run/ckpt_\(last.number).pt")
        let files = try SharedRuns.files(under: archive)
        let estimate = try document(["compress", run, archive, "--dry-run"])
        let steps = try #require(estimate["steps"] as? [[String: Any]])
        #expect(steps.compactMap { $0["step"] as? Int } == [last.number] && steps[0]["keyframe"] as? Bool == false)
        #expect(try SharedRuns.files(under: archive) == files)
        let real = try document(["compress", run, archive])
        let guessed = try #require(estimate["storedBytes"] as? Double)
        #expect(abs(guessed / (real["storedBytes"] as? Double ?? 0) - 1) < 0.3)
    }

    @Test func whatWouldBeSkippedIsNamed() throws {
        let run = codes.path("run")
        try FileManager.default.copyItem(atPath: Paths.join(ExitCodeTests.fixtures, "odd-run"), toPath: run)
        let file = URL(fileURLWithPath: Paths.join(run, "ckpt_300.pt"))
        let content = try Data(contentsOf: file)
        try content.prefix(content.count / 2).write(to: file)
        let outcome = try codes.varve("compress", run, "--dry-run")
        #expect(outcome.status == 3 && outcome.error.contains("skipped ckpt_300.pt"))
        #expect(outcome.output.contains("2 steps to add; 1 skipped"))
        #expect(outcome.output.contains("weight") && outcome.output.contains("moment"))
    }

    /// What compressing refuses for want of memory, the estimate does not promise, though its sample would fit.
    @Test(arguments: [[], ["--quality", "lossless"]])
    func tooLittleMemoryIsRefusedAsCompressingDoes(options: [String]) throws {
        let run = codes.path("run"), archive = codes.path("a.varve")
        for step in 1...2 {
            let file = SafetensorsMaker.file([
                TestTensor("a", shape: [64, 64], seed: UInt64(step)),
                TestTensor("w", shape: [1024, 2048], seed: UInt64(step)),
            ])
            try codes.directory.write(file, to: "run/step_\(step).safetensors")
        }
        let arguments = ["compress", run, archive, "--memory", "100MB"] + options
        let estimate = try codes.varve(arguments + ["--dry-run"]), refused = try codes.varve(arguments)
        #expect(estimate.status == 2 && estimate.output.isEmpty, "\(estimate)")
        #expect(estimate.error.contains("tensor w") && estimate.error.contains("--memory"))
        func reason(_ outcome: ExitCodeTests.Outcome) -> Substring? {
            outcome.error.split(separator: "\n").last { $0.hasPrefix("varve: ") }
        }
        #expect(reason(estimate) == reason(refused) && refused.status == 2, "\(refused)")
        #expect(try codes.varve(["compress", run, archive, "--dry-run", "--memory", "400MB"] + options).status == 0)
    }
}
