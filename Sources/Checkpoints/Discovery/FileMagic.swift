import FileSystem

/// The container a file's first bytes promise.
enum FileMagic {
    case none, zip, hdf5, torchLegacy, safetensors

    init(_ source: any ByteSource) throws(VarveError) {
        let bytes = try source.bytes(at: 0, count: Int(min(source.byteCount, 16)))
        if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
            self = .zip
        } else if bytes.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .hdf5
        } else if bytes.starts(with: [0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46]) {
            self = .torchLegacy
        } else if bytes.count > 8, bytes[8] == UInt8(ascii: "{"), bytes[4..<8].allSatisfy({ $0 == 0 }) {
            self = .safetensors
        } else {
            self = .none
        }
    }

    /// - Throws: `.truncated` where the end-of-directory record is missing.
    static func checkZip(_ source: any ByteSource) throws(VarveError) {
        let count = Int(min(source.byteCount, 65_557))
        let start = source.byteCount - UInt64(count)
        let tail = try source.bytes(at: start, count: count)
        var index = tail.count - 22
        while index >= 0 {
            if tail[index] == 0x50, tail[index + 1] == 0x4B, tail[index + 2] == 5, tail[index + 3] == 6 { return }
            index -= 1
        }
        throw VarveError(
            .truncated, "the zip archive has no end-of-directory record: it is cut off or still being written",
            file: source.name, offset: source.byteCount)
    }

    /// - Throws: `.truncated` where the file is shorter than its superblock says.
    static func checkHDF5(_ source: any ByteSource) throws(VarveError) {
        guard source.byteCount >= 48 else {
            throw VarveError(.truncated, "the HDF5 superblock is cut off", file: source.name, offset: source.byteCount)
        }
        let head = try source.bytes(at: 0, count: 48)
        let wide = head[8] < 2 ? head[13] == 8 : head[9] == 8
        guard wide else { return }
        let at = head[8] < 2 ? 40 : 28
        let end = head[at..<at + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard end != .max, end > source.byteCount else { return }
        throw VarveError(
            .truncated, "the HDF5 file should have \(end) bytes but has \(source.byteCount)", file: source.name,
            offset: source.byteCount)
    }
}
