import TensorCodecs
package import FileSystem

/// The frame around every manifest: magic, version, a zstd-compressed body, and a checksum over all of it.
///
///     0   4  magic
///     4   2  major version: a reader refuses a newer one
///     6   2  minor version: a reader may read a newer one
///     8   8  bytes of the body as stored
///     16  8  bytes of the body when decompressed
///     24  .  body, one zstd frame
///     .  16  XXH3-128 of everything before it, low half first
package enum ManifestFile {
    package enum Kind: String, Sendable {
        case archive = "VRVa"
        case step = "VRVs"
        case run = "VRVr"
        case forgotten = "VRVf"
        case parity = "VRVx"
        case part = "VRVp"
        case partParity = "VRVc"
        case receipt = "VRVw"
    }

    /// The format that is written, and the newest that is read: one for all kinds.
    package static let majorVersion: UInt16 = 1
    package static let minorVersion: UInt16 = 0
    /// No manifest is larger, stored or decompressed: a million tensors take about 150 MB.
    static let largestBody: UInt64 = 1 << 30
    /// Nor larger than so many times its stored bytes, from `freeBody` on: a few bytes must not ask for all memory.
    /// Names, hashes and checksums keep real ones far below.
    static let largestRatio: UInt64 = 512
    static let freeBody: UInt64 = 1 << 24
    static let headerSize = 24
    package static let trailerSize = 16

    /// The bytes of a sealed file.
    package static func seal(_ body: [UInt8], kind: Kind) throws(VarveError) -> [UInt8] {
        guard body.count <= largestBody else {
            throw VarveError(
                .unsupported, "a manifest of \(body.count) bytes; no reader takes more than \(largestBody)")
        }
        let stored: [UInt8]
        do throws(CodecError) {
            stored = try Zstandard.compress(body, level: 19)
        } catch {
            throw VarveError(.inputOutput, "compressing a manifest failed", cause: error)
        }
        guard body.count <= largestPlain(stored: UInt64(stored.count)) else {
            throw VarveError(.unsupported, "a manifest that shrinks from \(body.count) to \(stored.count) bytes")
        }
        var writer = ByteWriter()
        writer.append(contentsOf: kind.rawValue.utf8)
        writer.append(littleEndian: majorVersion)
        writer.append(littleEndian: minorVersion)
        writer.append(littleEndian: UInt64(stored.count))
        writer.append(littleEndian: UInt64(body.count))
        writer.append(contentsOf: stored)
        let hash = Hash128(writer.bytes)
        writer.append(littleEndian: hash.low)
        writer.append(littleEndian: hash.high)
        return writer.bytes
    }

    private static func largestPlain(stored: UInt64) -> UInt64 {
        min(largestBody, max(freeBody, stored.multipliedReportingOverflow(by: largestRatio).partialValue))
    }

    /// A sealed file's body and the hash of the whole file.
    ///
    /// The checksum comes first: header and trailer stay where they are in every version, so a version that cannot be
    /// read is told from a damaged one.
    /// - Throws: `.damaged`, with offset, for anything that is not exactly what `seal` made; `.unsupported` for a
    ///   newer major version; `.notFound`, `.inputOutput`.
    package static func open(_ path: String, kind: Kind) throws(VarveError) -> (body: [UInt8], hash: Hash128) {
        let file = try InputFile(path)
        guard file.byteCount >= UInt64(headerSize + trailerSize), file.byteCount <= largestBody else {
            throw VarveError(.damaged, "a manifest of \(file.byteCount) bytes is impossible", file: path)
        }
        return try open(try file.bytes(at: 0, count: Int(file.byteCount)), kind: kind, path: path)
    }

    /// The same of bytes that were read, or made, before; at least a header and a trailer.
    static func open(
        _ bytes: [UInt8], kind: Kind, path: String
    ) throws(VarveError) -> (body: [UInt8], hash: Hash128) {
        guard bytes.starts(with: kind.rawValue.utf8) else {
            throw VarveError(.damaged, "the magic number is not \(kind.rawValue)", file: path, offset: 0)
        }
        let major = UInt16(bytes[4]) | UInt16(bytes[5]) << 8
        let content = Array(bytes.dropLast(trailerSize))
        let hash = Hash128(content)
        var trailer = ByteWriter()
        trailer.append(littleEndian: hash.low)
        trailer.append(littleEndian: hash.high)
        guard bytes.suffix(trailerSize).elementsEqual(trailer.bytes) else {
            throw VarveError(.damaged, "the checksum does not match", file: path, offset: UInt64(content.count))
        }
        guard (1...majorVersion).contains(major) else {
            throw VarveError(
                .unsupported, "format version \(major); this release reads up to version \(majorVersion)",
                file: path,
                offset: 4)
        }
        let stored = littleEndian(content, at: 8), plain = littleEndian(content, at: 16)
        guard stored == UInt64(content.count - headerSize), plain <= largestPlain(stored: stored) else {
            throw VarveError(.damaged, "the declared sizes are impossible", file: path, offset: 8)
        }
        do throws(CodecError) {
            return (try Zstandard.decompress(Array(content[headerSize...]), count: Int(plain)), Hash128(bytes))
        } catch {
            throw VarveError(
                .damaged, "the body does not decompress", file: path, offset: UInt64(headerSize), cause: error)
        }
    }

    private static func littleEndian(_ bytes: [UInt8], at offset: Int) -> UInt64 {
        bytes[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
