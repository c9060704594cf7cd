import Glibc

/// Where other file systems, or other directories of the same one, are mounted: what lies there is somebody else's.
package struct MountPoints: Sendable {
    private let paths: [String]

    /// Those that this process sees. A system that does not tell has none: file systems of another device are recognized
    /// without.
    package init() throws(VarveError) {
        let path = "/proc/self/mountinfo"
        let descriptor: Int32
        do throws(VarveError) { descriptor = try SystemCalls.open(path, flags: O_RDONLY) } catch
            where error.code == .notFound
        {
            self.init(table: "")
            return
        }
        defer { SystemCalls.discard(descriptor, path: path) }
        var bytes: [UInt8] = [], piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            var failure: VarveError?
            let count = piece.withUnsafeMutableBytes { buffer in
                do throws(VarveError) {
                    return try SystemCalls.read(
                        descriptor, buffer.baseAddress!, buffer.count, at: UInt64(bytes.count), path: path)
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            if count == 0 { break }
            bytes += piece[..<count]
        }
        self.init(table: String(decoding: bytes, as: UTF8.self))
    }

    /// - Parameter table: lines as of `/proc/self/mountinfo`, where the fifth field is the path.
    package init(table: String) {
        paths = table.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            return fields.count > 4 ? Self.plain(fields[4]) : nil
        }
    }

    /// The first that is `path` or lies below it.
    /// - Parameter path: a path without links.
    package func first(in path: String) -> String? {
        paths.first { $0 == path || Paths.removing(Paths.join(path, ""), from: $0) != nil }
    }

    /// Blanks and the like are written as a backslash and three octal digits.
    private static func plain(_ field: Substring) -> String {
        var bytes: [UInt8] = [], rest = field.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
