import FileSystem
import Glibc

/// A process whose end is waited for.
struct WatchedProcess: Sendable {
    private let number: Int32
    /// When it began, in the system's own units: another process may get its number.
    private let began: Substring

    /// - Throws: `.usage` if there is no such process.
    init(_ number: Int32) throws(VarveError) {
        guard number > 0, let status = Self.status(number), !status.isOver else {
            throw VarveError(.usage, "there is no process \(number)")
        }
        self.number = number
        began = status.began
    }

    /// Whether it is there. One that has ended and that nobody has asked for its exit code is not.
    var isRunning: Bool {
        guard let status = Self.status(number) else { return false }
        return !status.isOver && status.began == began
    }

    private static let largest = 4096

    /// What /proc tells of a process; where it cannot be read there is none.
    private static func status(_ number: Int32) -> (isOver: Bool, began: Substring)? {
        guard let file = fopen("/proc/\(number)/stat", "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: largest)
        let count = fread(&bytes, 1, largest, file)
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        // The second field is the program's name, in parentheses, and may hold anything.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[end...].dropFirst().split(separator: " ")
        guard fields.count > 19 else { return nil }
        return (["Z", "X", "x"].contains(fields[0]), fields[19])
    }
}
