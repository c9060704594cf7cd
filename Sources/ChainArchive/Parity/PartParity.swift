package import FileSystem
import TensorCodecs

/// A part's parity, in a file beside it: `0000.parity` of `0000.part`. No decoder needs it; `PartMender` mends the part with it.
///
///     0   4  magic `VRVc`
///     4   2  major version
///     6   2  minor version
///     8   8  bytes of the part
///     16  16 XXH3-128 of the part, low half first
///     32  .  the two sums (`ParitySums`), words of two bytes
///     .   16  XXH3-128 of everything before it
package struct PartParity: Sendable, Hashable {
    package let byteCount: UInt64
    package let hash: Hash128
    let plain: [UInt16]
    let weighted: [UInt16]

    private static let headerSize = 32

    /// Words of a stripe.
    var width: Int { plain.count }

    init(byteCount: UInt64, hash: Hash128, plain: [UInt16], weighted: [UInt16]) {
        (self.byteCount, self.hash, self.plain, self.weighted) = (byteCount, hash, plain, weighted)
    }

    /// Bytes of the parity's file for a part of some bytes.
    package static func byteCount(ofPart byteCount: UInt64) -> UInt64 {
        guard byteCount <= ParitySums.mostBytes else { return 0 }
        return UInt64(headerSize + ManifestFile.trailerSize + 4 * ParitySums.width(byteCount: byteCount))
    }

    // MARK: On disk

    package var sealed: [UInt8] {
        var writer = ByteWriter()
        writer.append(contentsOf: ManifestFile.Kind.partParity.rawValue.utf8)
        writer.append(littleEndian: ManifestFile.majorVersion)
        writer.append(littleEndian: ManifestFile.minorVersion)
        writer.append(littleEndian: byteCount)
        writer.append(littleEndian: hash.low)
        writer.append(littleEndian: hash.high)
        for word in plain + weighted { writer.append(littleEndian: word) }
        let own = Hash128(writer.bytes)
        writer.append(littleEndian: own.low)
        writer.append(littleEndian: own.high)
        return writer.bytes
    }

    /// - Returns: `nil` where the part has none, as those of older releases.
    /// - Throws: `.damaged`; `.unsupported` for a newer version; `.inputOutput`.
    package static func read(_ path: String) throws(VarveError) -> PartParity? {
        let file: InputFile
        do throws(VarveError) { file = try InputFile(path) } catch  where error.code == .notFound { return nil }
        let fixed = UInt64(headerSize + ManifestFile.trailerSize)
        guard file.byteCount > fixed, file.byteCount <= fixed + UInt64(4 * ParitySums.widest),
            (file.byteCount - fixed) % 4 == 0, ParitySums.isWidth(Int(file.byteCount - fixed) / 4)
        else { throw VarveError(.damaged, "a parity of \(file.byteCount) bytes is impossible", file: path) }
        let bytes = try file.bytes(at: 0, count: Int(file.byteCount))
        guard bytes.starts(with: ManifestFile.Kind.partParity.rawValue.utf8) else {
            throw VarveError(.damaged, "the magic number is not that of a parity", file: path, offset: 0)
        }
        let end = bytes.count - ManifestFile.trailerSize
        guard Self.hash(bytes, at: end) == Hash128(Array(bytes[..<end])) else {
            throw VarveError(.damaged, "the checksum does not match", file: path, offset: UInt64(end))
        }
        let major = UInt16(Self.integer(bytes, at: 4, count: 2)), newest = ManifestFile.majorVersion
        guard (1...newest).contains(major) else {
            throw VarveError(
                .unsupported, "format version \(major); this release reads up to version \(newest)", file: path,
                offset: 4)
        }
        let byteCount = Self.integer(bytes, at: 8, count: 8), words = (end - headerSize) / 4
        guard byteCount <= UInt64(Field65536.order * 2 * words) else {
            throw VarveError(.damaged, "the declared sizes are impossible", file: path, offset: 8)
        }
        func sum(at start: Int) -> [UInt16] {
            bytes.withUnsafeBytes { bytes in
                (0..<words).map {
                    UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 2 * $0, as: UInt16.self))
                }
            }
        }
        return PartParity(
            byteCount: byteCount, hash: Self.hash(bytes, at: 16), plain: sum(at: headerSize),
            weighted: sum(at: headerSize + 2 * words))
    }

    private static func hash(_ bytes: [UInt8], at offset: Int) -> Hash128 {
        Hash128(high: integer(bytes, at: offset + 8, count: 8), low: integer(bytes, at: offset, count: 8))
    }

    private static func integer(_ bytes: [UInt8], at offset: Int, count: Int) -> UInt64 {
        bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Makes a part's parity from its bytes as they come.
package struct PartParityMaker: ~Copyable {
    private var sums = ParitySums()
    private let stream = Hash128Stream()
    private var byteCount: UInt64 = 0

    package init() {}

    /// The size of pieces that are read at once.
    static let piece: UInt64 = 1 << 20

    /// From the bytes of a file.
    package init(reading source: some ByteSource, byteCount: UInt64) throws(VarveError) {
        var offset: UInt64 = 0
        while offset < byteCount {
            let bytes = try source.bytes(at: offset, count: Int(min(Self.piece, byteCount - offset)))
            bytes.withUnsafeBytes { add($0) }
            offset += UInt64(bytes.count)
        }
    }

    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        // Beyond that there is none to make.
        if byteCount <= ParitySums.mostBytes { sums.add(bytes) }
        stream.add(bytes)
        byteCount += UInt64(bytes.count)
    }

    /// Of all bytes so far.
    var hash: Hash128 { stream.hash }

    /// - Parameter width: words of a stripe; as the size asks for where it is left out.
    /// - Returns: `nil` for a part that is too large to have one.
    package mutating func finish(width: Int? = nil) -> PartParity? {
        guard byteCount <= ParitySums.mostBytes else { return nil }
        sums.finish(width: width ?? ParitySums.width(byteCount: byteCount))
        return PartParity(byteCount: byteCount, hash: hash, plain: sums.plain, weighted: sums.weighted)
    }
}
