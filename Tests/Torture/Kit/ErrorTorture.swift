import Glibc
import FileSystem
import TensorFiles
import VarveTestSupport

/// Lets every call of a command fail in turn, once and from then on, and lets all its reads and writes be short.
package enum ErrorTorture {
    package struct Failure: Sendable {
        var number: Int32
        var name: String
        /// What the command has to say; `nil`: nothing, it has to succeed.
        var code: VarveError.Code?
        /// Tried at every so many calls.
        var stride = 1
    }

    package static let failures = [
        Failure(number: EIO, name: "EIO", code: .inputOutput),
        Failure(number: ENOSPC, name: "ENOSPC", code: .noSpace),
        Failure(number: EDQUOT, name: "EDQUOT", code: .noSpace, stride: 5),
        Failure(number: EACCES, name: "EACCES", code: .permissionDenied, stride: 3),
        Failure(number: EINTR, name: "EINTR", code: nil, stride: 2),
    ]

    /// - Parameter stride: multiplies each failure's own.
    package static func run(_ scenario: Scenario, in directory: String, stride: Int = 1) async throws -> Figures {
        var figures = Figures(scenario.name, unit: "failures")
        let expectation = try await Expectation(scenario, in: directory)
        let workspace = Workspace(Paths.join(directory, "work"))
        var errors = 0
        for isLasting in [false, true] {
            for failure in failures {
                var index = 0
                while true {
                    let injector = FailingCalls(
                        failAt: index, failure.number, pathPart: workspace.root, isLasting: isLasting)
                    let what = "\(scenario.name), \(failure.name) \(isLasting ? "from" : "at") call \(index)"
                    let (found, error) = await attempt(expectation, workspace, injector, failure.code)
                    guard injector.failures > 0 else { break }
                    figures.count += 1
                    errors += error ? 1 : 0
                    figures.violations += found.map { "\(what): \($0)" }
                    index += stride * failure.stride * scenario.stride
                }
            }
        }
        for (reads, writes) in [(1, 1), (3, 7), (4096, 5)] {
            let injector = FailingCalls(
                failAt: -1, 0, pathPart: workspace.root, writeLimit: writes, readLimit: reads)
            let (found, _) = await attempt(expectation, workspace, injector, nil)
            figures.count += 1
            figures.violations += found.map { "\(scenario.name), \(reads) and \(writes) bytes at a time: \($0)" }
        }
        figures.details = "\(errors) of them errors of the command"
        return figures
    }

    /// - Returns: what is wrong, and whether the command threw.
    private static func attempt(
        _ expectation: Expectation, _ workspace: Workspace, _ injector: FailingCalls, _ code: VarveError.Code?
    ) async -> ([String], Bool) {
        do {
            try expectation.reset(workspace)
            var found: [String] = []
            var thrown: VarveError?
            do {
                try await SystemCalls.withInjector(injector) {
                    try await expectation.scenario.command(workspace) { _ in }
                }
            } catch {
                thrown = error as? VarveError
                found += complaints(about: error, code, expectation.scenario)
            }
            // Without an error a step or file may have been skipped, with a notice, and is coded otherwise when it comes.
            let isSame = code == nil || (thrown != nil && !injector.isLasting)
            found += try await expectation.violations(
                in: workspace, promised: thrown == nil && code == nil ? ["done"] : [], isSame: isSame)
            found += try await expectation.violationsAfterRepeating(in: workspace, isSame: isSame)
            return (found, thrown != nil)
        } catch {
            return (["\(error)"], true)
        }
    }

    /// An error says what failed, in which file, and has the code that its exit code comes from.
    private static func complaints(
        about error: any Error, _ code: VarveError.Code?, _ scenario: Scenario
    ) -> [String] {
        guard let error = error as? VarveError else { return ["an error of another kind: \(error)"] }
        guard let code else { return ["it failed: \(error)"] }
        var found: [String] = []
        // What cannot be read while the archive is verified is told like what is damaged.
        if error.code != code, !scenario.isReport || error.code != .damaged {
            found.append("the error has code \(error.code): \(error)")
        }
        if error.location.file == nil { found.append("the error names no file: \(error)") }
        return found
    }
}
