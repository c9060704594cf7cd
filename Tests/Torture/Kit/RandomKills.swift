import Glibc
import FileSystem
import TensorFiles
import VarveTestSupport

/// Kills the command line tool at times of chance.
package enum RandomKills {
    /// - Parameters:
    ///   - tool: path of `varve`.
    ///   - count: kills.
    ///   - scale: of the run's tensors.
    package static func run(
        _ scenario: Scenario, in directory: String, tool: String, count: Int, scale: Int, seed: UInt64 = 1
    ) async throws -> Figures {
        var figures = Figures(scenario.name, unit: "kills")
        guard let arguments = scenario.arguments else { return figures }
        let expectation = try await Expectation(scenario, in: directory, scale: scale)
        let workspace = Workspace(Paths.join(directory, "work"), scale: scale)
        var random = SplitMix64(seed: seed)
        // As long as the command takes, and a little more.
        var longest = ContinuousClock.Duration.zero
        for _ in 0..<3 {
            try expectation.reset(workspace)
            let begin = ContinuousClock.now
            let end = try Shell.run([tool] + arguments(workspace))
            guard end == .exited(0) else {
                throw VarveError(.inputOutput, "undisturbed, it ended with \(end)", file: tool)
            }
            longest = max(longest, ContinuousClock.now - begin)
        }
        var late = 0, rounds = 0
        try expectation.reset(workspace)
        while figures.count < count, late < 20 * count {
            let process = try Shell.spawn([tool] + arguments(workspace))
            try await Task.sleep(for: longest * random.uniform())
            kill(process, SIGKILL)
            let isKilled = Shell.wait(process) == .killed(SIGKILL)
            if isKilled { figures.count += 1 } else { late += 1 }
            let what = "\(scenario.name), kill \(figures.count)"
            do {
                var found = try await expectation.violations(in: workspace)
                // Mostly the next call goes on with what the killed one left; now and then it has to come to its end.
                if !isKilled || random.next() % 3 == 0 {
                    found += try await expectation.violationsAfterRepeating(in: workspace)
                    try expectation.reset(workspace)
                    rounds += 1
                }
                figures.violations += found.map { "\(what): \($0)" }
            } catch {
                figures.violations.append("\(what): \(error)")
            }
        }
        figures.details = "\(rounds) times to the end, which comes after \(longest)"
        return figures
    }
}
