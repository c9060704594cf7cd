import FileSystem
import TensorFiles
import VarveTestSupport

/// What the targets need of the disk.
enum Scratch {
    /// The process' own directory.
    static let directory: TemporaryDirectory = {
        do { return try TemporaryDirectory() } catch { fatalError("no temporary directory: \(error)") }
    }()

    static func bytes(_ path: String) throws -> [UInt8] {
        let file = try InputFile(path)
        return try file.bytes(at: 0, count: Int(file.byteCount))
    }

    /// Fields of the lines of a table in Fixtures.
    static func table(_ name: String) throws -> [[String]] {
        String(decoding: try bytes(SharedRuns.fixtures(name)), as: UTF8.self).split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }

    static func bytes(hexadecimal text: String) -> [UInt8] {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
    }

    /// Writes a file, with the directories above it.
    static func write(_ bytes: [UInt8], to path: String) throws {
        try Directories.create(Paths.split(path).directory)
        let output = try OutputFile(path)
        try output.write(bytes, at: 0)
        try output.commit(sync: false)
    }
}
