package import FileSystem

/// Reads records of a part, each compared with its checksum.
package struct PartReader: Sendable {
    /// Not kept open: a long chain has more parts than a process may have open files.
    package let path: String

    /// - Throws: `.damaged` where size or header are not as the manifest says.
    package init(_ path: String, byteCount: UInt64, number: UInt64) throws(VarveError) {
        self.path = path
        let file: InputFile
        do throws(VarveError) {
            file = try InputFile(path)
        } catch  where error.code == .notFound {
            throw VarveError(.damaged, "the part is missing", file: path)
        }
        guard file.byteCount == byteCount else {
            throw Self.damaged(
                "the part has \(file.byteCount) bytes instead of \(byteCount)", path,
                offset: min(file.byteCount, byteCount))
        }
        let header = PartHeader.bytes(number: number)
        guard byteCount >= UInt64(header.count), try file.bytes(at: 0, count: header.count) == header else {
            throw Self.damaged("the part's header is not that of this step", path, offset: 0)
        }
    }

    /// - Throws: `.damaged` with file and offset where the bytes do not match their checksum.
    package func read(_ location: RecordLocation) throws(VarveError) -> [UInt8] {
        let bytes = try InputFile(path).bytesOnce(at: location.offset, count: Int(location.byteCount))
        guard checksum64(bytes) == location.checksum else {
            throw Self.damaged(
                "\(location.byteCount) bytes do not match their checksum", path, offset: location.offset)
        }
        return bytes
    }

    /// What ends the message of damage for which there is a parity.
    package static let hint = "; `Archive.repair` may mend it"

    private static func damaged(_ message: String, _ path: String, offset: UInt64) -> VarveError {
        let hasParity = (try? FileIdentity(path: ArchiveLayout.parityName(of: path))) != nil
        return VarveError(.damaged, message + (hasParity ? hint : ""), file: path, offset: offset)
    }
}
