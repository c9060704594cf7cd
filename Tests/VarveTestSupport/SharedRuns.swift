import Glibc
import FileSystem

/// Where test data lies: the fixtures of the package, and the large runs beside it that only some machines have.
public enum SharedRuns {
    /// The package's root directory: the nearest one above this file that holds `Package.swift`.
    public static let packageRoot: String = {
        var path = Paths.split(#filePath).directory
        while access(path + "/Package.swift", F_OK) != 0, path.utf8.count > 1 { path = Paths.split(path).directory }
        return path
    }()

    /// `Fixtures/NAME`.
    public static func fixtures(_ name: String) -> String { packageRoot + "/Fixtures/" + name }

    /// The folder of real runs: `runs` under VARVE_SHARED or beside the package in `../shared`; `nil` where it is absent.
    public static let directory: String? = {
        let shared =
            Environment.value("VARVE_SHARED") ?? Paths.split(packageRoot).directory + "/shared"
        let runs = shared + "/runs"
        return Directories.exists(runs) ? runs : nil
    }()

    /// Paths of all regular files under a directory, in bytewise order.
    public static func files(under path: String) throws -> [String] {
        var result: [String] = []
        for name in try SystemCalls.list(path) {
            let child = Paths.join(path, name)
            switch try FileIdentity(path: child).kind {
            case .directory: result += try files(under: child)
            case .regular: result.append(child)
            default: break
            }
        }
        return result
    }
}
