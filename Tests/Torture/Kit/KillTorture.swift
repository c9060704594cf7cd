import Glibc
import FileSystem
import TensorFiles
package import VarveTestSupport

/// Kills a command at every call, before it and, in writes, after half of the bytes.
package enum KillTorture {
    /// The first of a child's arguments.
    package static let childWord = "child"

    /// Runs a scenario's command in this process, which ends at a call: `child NAME ROOT DEATH INDEX`.
    package static func child(_ arguments: [String]) async -> Int32 {
        guard arguments.count == 4, let scenario = Scenarios.named(arguments[0]), let index = Int(arguments[3]) else {
            return 2
        }
        let death = FailingCalls.Death(rawValue: arguments[2])
        SystemCalls.install(
            FailingCalls(
                failAt: index, EIO, calls: death == .halfway ? [.write] : Set(SystemCalls.Name.allCases),
                pathPart: arguments[1], death: death))
        do {
            try await scenario.command(Workspace(arguments[1])) { _ in }
            return 0
        } catch {
            return 1
        }
    }

    /// - Parameters:
    ///   - program: the executable that understands `childWord`.
    ///   - stride: tries every so many calls; 1 for all.
    package static func run(
        _ scenario: Scenario, in directory: String, program: String, stride: Int = 1,
        deaths: [FailingCalls.Death] = [.before, .halfway]
    ) async throws -> Figures {
        var figures = Figures(scenario.name, unit: "kills")
        let expectation = try await Expectation(scenario, in: directory)
        let workspace = Workspace(Paths.join(directory, "work"))
        var counts: [String] = []
        for death in deaths {
            var index = 0
            while true {
                try expectation.reset(workspace)
                let end = try Shell.run([
                    program, childWord, scenario.name, workspace.root, death.rawValue, String(index),
                ])
                let what = "\(scenario.name), killed \(death.rawValue) call \(index)"
                guard end == .killed(SIGKILL) else {
                    if end != .exited(0) { figures.violations.append("\(what): the child ended with \(end)") }
                    break
                }
                figures.count += 1
                do {
                    var found = try await expectation.violations(in: workspace)
                    found += try await expectation.violationsAfterRepeating(in: workspace)
                    figures.violations += found.map { "\(what): \($0)" }
                } catch {
                    figures.violations.append("\(what): \(error)")
                }
                index += stride * scenario.stride
            }
            counts.append("\(death == .halfway ? "writes" : "calls") up to \(index)")
        }
        figures.details = counts.joined(separator: ", ")
        return figures
    }
}
