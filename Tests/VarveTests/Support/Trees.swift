import Foundation
import FileSystem
import TensorFiles
import VarveTestSupport

/// Directory trees in tests: read, copied, compared.
enum Trees {
    /// Relative path to content of every regular file; links as `-> target`.
    static func content(_ root: String) throws -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        func visit(_ relative: String) throws {
            let path = relative.isEmpty ? root : Paths.join(root, relative)
            let identity = try FileIdentity(path: path)
            switch identity.kind {
            case .directory:
                for name in try SystemCalls.list(path) { try visit(relative.isEmpty ? name : relative + "/" + name) }
            case .symbolicLink:
                result[relative] = Array("-> \(try SystemCalls.readSymbolicLink(path))".utf8)
            default:
                result[relative] = try bytes(path)
            }
        }
        try visit("")
        return result
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        let file = try InputFile(path)
        return try file.bytes(at: 0, count: Int(file.byteCount))
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        try Directories.create(Paths.split(path).directory)
        let file = try OutputFile(path)
        try file.write(bytes, at: 0)
        try file.commit(sync: false)
    }

    /// Writes into the file that is there, as a program does that opens it again.
    static func overwrite(_ bytes: [UInt8], at path: String) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: bytes)
        try file.close()
    }

    /// Copies with modification times, links as links.
    static func copy(_ from: String, _ to: String) throws {
        try Directories.create(Paths.split(to).directory)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/cp")
        process.arguments = ["-a", from, to]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw VarveError(.inputOutput, "cp failed", file: from) }
    }

    /// Paths whose content differs, or which only one side has.
    static func differences(_ left: String, _ right: String) throws -> [String] {
        let a = try content(left), b = try content(right)
        return Set(a.keys).union(b.keys).filter { a[$0] != b[$0] }.sorted()
    }
}

/// Runs in the repository.
enum Fixture {
    static let root = Paths.join(SharedRuns.packageRoot, "Fixtures")

    /// A real run of the Hugging Face Trainer.
    static let trainerRun = Paths.join(root, "hf-trainer-run")
    /// Parameters that appear, vanish, change shape, hold NaN; unknown classes; other dtypes.
    static let oddRun = Paths.join(root, "odd-run")
}
