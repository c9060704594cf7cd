import FileSystem
import TensorFiles
import VarveTestSupport

/// The committed files under `Fixtures/files` and their tables.
enum Fixtures {
    /// Paths of the files in `odd` and `real`.
    static func paths() throws -> [String] {
        try ["odd", "real"].flatMap { try SharedRuns.files(under: SharedRuns.fixtures("files/\($0)")) }
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        let input = try InputFile(SharedRuns.fixtures("files/\(name)"))
        return try input.bytes(at: 0, count: Int(input.byteCount))
    }

    /// Fields of the lines of a table.
    static func table(_ name: String) throws -> [[String]] {
        String(decoding: try bytes(name), as: UTF8.self).split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }

    /// What the reader finds in a file, as a line of `tensors.tsv` each; opaque tensors are not in it.
    static func rows(of file: TensorFile, name: String) throws -> [String] {
        try file.tensors.filter { !$0.isOpaque }.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }.map {
            tensor in
            let hexadecimal = String(Checksum.crc32(try file.contiguousBytes(of: tensor)), radix: 16)
            return [
                name, tensor.name, tensor.dtype.rawValue, tensor.shape.map(String.init).joined(separator: ","),
                String(repeating: "0", count: 8 - hexadecimal.count) + hexadecimal,
            ].joined(separator: "\t")
        }
    }
}
