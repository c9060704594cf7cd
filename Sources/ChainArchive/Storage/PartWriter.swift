package import FileSystem
import TensorCodecs

/// The first 16 bytes of a part: magic `VRVp`, major and minor version (u16), number of the step (u64).
package enum PartHeader {
    package static let size = 16
    /// Stands for the step in the part of the run's own files.
    package static let run = UInt64.max

    package static func bytes(number: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(contentsOf: ManifestFile.Kind.part.rawValue.utf8)
        writer.append(littleEndian: ManifestFile.majorVersion)
        writer.append(littleEndian: ManifestFile.minorVersion)
        writer.append(littleEndian: number)
        return writer.bytes
    }
}

/// Appends records to a part under its temporary name, and makes its parity.
package final class PartWriter {
    package let name: String
    private let file: OutputFile
    private let directory: String
    /// Of all bytes so far; `nil` where some were taken back: then they are read again in the end.
    private var parity: PartParityMaker?
    private let index: Int
    private var offset: UInt64
    /// Up to where the system was asked to write what it has.
    private var released: UInt64 = 0

    package var byteCount: UInt64 { offset }

    /// - Parameters:
    ///   - index: position in the manifest's list of parts.
    ///   - number: the step, written into the header; all ones for the run's own part.
    package init(directory: String, name: String, index: Int, number: UInt64) throws(VarveError) {
        self.name = name
        self.index = index
        file = try OutputFile(Paths.join(directory, name))
        self.directory = directory
        let header = PartHeader.bytes(number: number)
        try file.write(header, at: 0)
        offset = UInt64(header.count)
        var parity = PartParityMaker()
        header.withUnsafeBytes { parity.add($0) }
        self.parity = consume parity
    }

    package func append(_ bytes: [UInt8]) throws(VarveError) -> RecordLocation {
        try file.write(bytes, at: offset)
        bytes.withUnsafeBytes { parity?.add($0) }
        defer {
            offset += UInt64(bytes.count)
            release()
        }
        return RecordLocation(part: index, offset: offset, byteCount: UInt64(bytes.count), checksum: checksum64(bytes))
    }

    private static let window: UInt64 = 16 << 20

    /// A part is flushed in the end anyway. Sent off piece by piece it is on the disk by then, and takes no memory from the
    /// training beside which it is written; new pages for all of it would also cost more than what is done with them.
    private func release() {
        guard offset >= released + Self.window else { return }
        // Once to have it written, and once more, when it is, to have it forgotten.
        file.release((released > 4 * Self.window ? released - 4 * Self.window : 0)..<offset)
        released = offset
    }

    /// Takes back what was appended after the part had `byteCount` bytes.
    package func cut(to byteCount: UInt64) throws(VarveError) {
        try file.truncate(to: byteCount)
        parity = nil
        offset = byteCount
        released = min(released, byteCount)
    }

    /// Flushes the part and its parity, and gives them their names.
    package func commit() throws(VarveError) {
        if parity == nil { parity = try PartParityMaker(reading: file, byteCount: offset) }
        let made = parity?.finish()
        try file.commit()
        guard let made else { return }
        let beside = try OutputFile(Paths.join(directory, ArchiveLayout.parityName(of: name)))
        try beside.write(made.sealed, at: 0)
        try beside.commit()
    }

    /// The same where the name follows from the hash of the bytes. Nothing else may write to the directory under the name
    /// that was given before, so that is a `token`.
    /// - Returns: name and hash of the part.
    package func commit(named name: (Hash128) -> String) throws(VarveError) -> (name: String, hash: Hash128) {
        if parity == nil { parity = try PartParityMaker(reading: file, byteCount: offset) }
        let made = parity?.finish(), hash = parity?.hash ?? Hash128([])
        let name = name(hash)
        // A part without its parity is whole; a parity without its part would stay for ever.
        try file.commit(as: Paths.join(directory, name))
        guard let made else { return (name, hash) }
        let beside = try OutputFile(Paths.join(directory, Self.token()))
        try beside.write(made.sealed, at: 0)
        try beside.commit(as: Paths.join(directory, ArchiveLayout.parityName(of: name)))
        return (name, hash)
    }

    /// A name that no other process takes, on whatever node.
    package static func token() -> String {
        "part-" + Hash128(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max)).description
    }
}
