import Glibc
import FileSystem
import TensorFiles
import VarveTestSupport

/// Takes the power away after every change that a command makes to the disk, in many ways each.
package enum PowerTorture {
    /// - Parameters:
    ///   - variants: states for each cut beside those where all and none of the pending changes happened.
    ///   - stride: cuts after every so many changes.
    package static func run(
        _ scenario: Scenario, in directory: String, variants: Int = 6, stride: Int = 1, seed: UInt64 = 1
    ) async throws -> Figures {
        var figures = Figures(scenario.name, unit: "states")
        let expectation = try await Expectation(scenario, in: directory)
        let changes = try await recorded(expectation, in: directory, interrupted: nil)
        figures.details = "\(changes.count) changes"
        try await cut(changes, expectation, in: directory, variants, stride, seed, &figures)
        return figures
    }

    /// The command ends in the middle, as if killed, and is run again; then the power goes. What the first had made
    /// visible and not yet flushed is what the second builds on.
    /// - Parameter interruptions: ends the first after every so many calls.
    package static func runResumed(
        _ scenario: Scenario, in directory: String, variants: Int = 1, interruptions: Int = 5, seed: UInt64 = 1
    ) async throws -> Figures {
        var figures = Figures(scenario.name + ", resumed", unit: "states")
        let expectation = try await Expectation(scenario, in: directory)
        var index = 0, seed = seed
        while true {
            let changes = try await recorded(expectation, in: directory, interrupted: index)
            guard !changes.isEmpty else { break }
            // Most states differ in nothing from those of a command that was not interrupted.
            try await cut(changes, expectation, in: directory, variants, 7, seed, &figures)
            index += interruptions
            seed += 1
        }
        figures.details = "interrupted after every \(interruptions) of \(index) calls"
        return figures
    }

    /// What the command changes; where it is interrupted, also what it changes when it is run again.
    /// - Returns: nothing where the command was through before it could be interrupted.
    private static func recorded(
        _ expectation: Expectation, in directory: String, interrupted index: Int?
    ) async throws -> [RecordedCalls.Change] {
        let workspace = Workspace(Paths.join(directory, "work"))
        try expectation.reset(workspace)
        let recorder = RecordedCalls(under: workspace.root)
        if let index {
            // When every call fails, closing apart, nothing is cleaned up either: as if the process were gone.
            let failing = FailingCalls(failAt: index, EIO, pathPart: workspace.root, isLasting: true)
            try? await SystemCalls.withInjector(BothInjectors(failing, recorder)) {
                try await expectation.scenario.command(workspace) { recorder.tell($0) }
            }
            if failing.failures == 0 { return [] }
        }
        try await SystemCalls.withInjector(recorder) {
            try await expectation.scenario.command(workspace) { recorder.tell($0) }
        }
        return recorder.changes
    }

    private static func cut(
        _ changes: [RecordedCalls.Change], _ expectation: Expectation, in directory: String, _ variants: Int,
        _ stride: Int, _ seed: UInt64, _ figures: inout Figures
    ) async throws {
        let scenario = expectation.scenario, workspace = Workspace(Paths.join(directory, "work"))
        var model = DiskModel(expectation.before, root: workspace.root)
        var promised = Set<String>()
        var random = SplitMix64(seed: seed)
        for cut in 0...changes.count {
            if cut > 0 {
                model.apply(changes[cut - 1])
                if case .told(let text) = changes[cut - 1] { promised.insert(text) }
            }
            guard cut % stride == 0 || cut == changes.count else { continue }
            // All, none, and as many as chance will have it.
            let shares: [UInt64] = [256, 0] + (0..<variants).map { _ in [32, 128, 224][Int(random.next() % 3)] }
            for (variant, share) in shares.enumerated() {
                let stale: UInt8 = random.next() % 4 == 0 ? 0xA5 : 0
                try model.materialize(at: workspace.root, kept: share, stale: stale, random: &random)
                figures.count += 1
                let what = "\(scenario.name), power lost after change \(cut) of \(changes.count), variant \(variant)"
                do {
                    var found = try await expectation.violations(in: workspace, promised: promised)
                    found += try await expectation.violationsAfterRepeating(in: workspace)
                    figures.violations += found.map { "\(what): \($0)" }
                } catch {
                    figures.violations.append("\(what): \(error)")
                }
            }
        }
    }
}
