import Foundation
import FileSystem
import TensorFiles
import VarveTestSupport

/// Where the tests find runs.
enum RunFolders {
    private static let package = SharedRuns.packageRoot

    /// The runs that stand beside the package, `nil` where they are not there (`VARVE_SHARED` names another place).
    static let shared: String? = {
        let base = ProcessInfo.processInfo.environment["VARVE_SHARED"] ?? Paths.join(package, "../shared")
        let path = Paths.join(base, "runs")
        return Directories.exists(Paths.join(path, "expected")) ? path : nil
    }()

    /// Small copies inside the package.
    static let fixtures = Paths.join(package, "Fixtures/runs")

    /// Names of the runs in a folder that have expected answers.
    static func names(_ folder: String?) -> [String] {
        guard let folder, let files = try? SystemCalls.list(Paths.join(folder, "expected")) else { return [] }
        return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
    }
}
