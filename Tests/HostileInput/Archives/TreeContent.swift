import FileSystem
import TensorFiles

/// What a directory holds: relative path to bytes of every file; links as `-> target`.
enum TreeContent {
    static func read(_ root: String) throws -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        func visit(_ relative: String) throws {
            let path = relative.isEmpty ? root : Paths.join(root, relative)
            switch try FileIdentity(path: path).kind {
            case .directory:
                for name in try SystemCalls.list(path) { try visit(relative.isEmpty ? name : relative + "/" + name) }
            case .symbolicLink:
                result[relative] = Array("-> \(try SystemCalls.readSymbolicLink(path))".utf8)
            default:
                result[relative] = try Scratch.bytes(path)
            }
        }
        try visit("")
        return result
    }
}
