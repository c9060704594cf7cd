import Foundation
import FileSystem
import Testing
import Varve
import VarveTestSupport

/// A watch that ends with the training.
@Suite struct WatchedProcessTests {
    private static let steps = DriftingRun([.init("a", [12, 8]), .init("b", [8])], steps: 3).steps()

    private func options(_ process: Int32) -> WatchOptions {
        var options = WatchOptions(
            compression: CompressionOptions(method: TestMethods.lossless), settle: .milliseconds(100))
        options.process = process
        return options
    }

    /// - Parameter commands: what a shell does that stands for the training.
    private func process(_ commands: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", commands]
        try process.run()
        return process
    }

    @Test(.timeLimit(.minutes(2))) func whatAProcessLeavesIsTaken() async throws {
        let shop = RunWorkshop()
        try shop.write(Self.steps, to: "later")
        let training = try process("sleep 1; mv '\(shop.path("later"))' '\(shop.path("run"))'")
        let result = try await Watcher(
            run: shop.path("run"), archive: shop.path("a.varve"), options: options(training.processIdentifier)
        ).watch()
        #expect(result.added == Self.steps.map(\.number) && result.isAsAsked)
        training.waitUntilExit()
    }

    @Test(.timeLimit(.minutes(2))) func aKilledProcessHasEnded() async throws {
        let shop = RunWorkshop()
        try shop.write(Self.steps, to: "run")
        let training = try process("sleep 100")
        async let watched = Watcher(
            run: shop.path("run"), archive: shop.path("a.varve"), options: options(training.processIdentifier)
        ).watch()
        try await Task.sleep(for: .milliseconds(1500))
        kill(training.processIdentifier, SIGKILL)
        #expect(try await watched.added == Self.steps.map(\.number))
    }

    @Test func aProcessThatIsNotThereIsRefused() async throws {
        let shop = RunWorkshop()
        for number in [0, -1, Int32.max] {
            let error = await #expect(throws: VarveError.self) {
                _ = try await Watcher(run: shop.path("run"), archive: shop.path("a.varve"), options: options(number))
                    .watch()
            }
            #expect(error?.code == .usage && error?.message.contains("no process") == true)
        }
    }
}
