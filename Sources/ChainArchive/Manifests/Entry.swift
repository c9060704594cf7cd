import FileSystem
import TensorCodecs

/// A path of a step or of the run: file, directory or link.
package struct Entry: Sendable {
    package enum Kind: Sendable, Hashable {
        case directory
        case file
        /// A symbolic link with its target, verbatim.
        case symbolicLink(target: String)
        /// Another name of the file at `path` (relative to the run).
        case hardLink(of: String)
        /// A file with the same bytes as the one at `path` (relative to the run).
        case copy(of: String)
        /// A file with the same tensors as the one at `path`; its other bytes stand in `payload`.
        case variant(of: String, regions: [CopiedRegion])
    }

    /// Bytes taken over from another restored file.
    package struct CopiedRegion: Sendable, Hashable {
        package var offset: UInt64
        package var byteCount: UInt64
        package var sourceOffset: UInt64
        package init(offset: UInt64, byteCount: UInt64, sourceOffset: UInt64) {
            self.offset = offset
            self.byteCount = byteCount
            self.sourceOffset = sourceOffset
        }
    }

    /// Relative to the run.
    package var path: String
    package var kind: Kind
    /// Permission bits.
    package var mode: UInt32
    /// Nanoseconds since 1970.
    package var modified: Int64
    /// Of a file: its size.
    package var byteCount: UInt64
    /// Of a file: its bytes outside all tensor records (or copied regions), in order, cut into blocks.
    package var payload: [PayloadBlock]
    /// Index of the predecessor's entry whose payload blocks serve as prefixes.
    package var prefixEntry: Int?
    /// Of a file: the zip files in it, ascending and disjoint, whose checksums a restore redoes. Empty for a file that is one
    /// itself.
    package var containers: [Range<UInt64>] = []

    package init(
        path: String, kind: Kind, mode: UInt32, modified: Int64, byteCount: UInt64 = 0, payload: [PayloadBlock] = [],
        prefixEntry: Int? = nil
    ) {
        self.path = path
        self.kind = kind
        self.mode = mode
        self.modified = modified
        self.byteCount = byteCount
        self.payload = payload
        self.prefixEntry = prefixEntry
    }

    /// The permission bits a restored file gets: never set-user-id or set-group-id, for an archive may be anybody's.
    package var restoredMode: UInt32 { mode & 0o1777 }

    package var isFile: Bool {
        switch kind {
        case .file, .variant: true
        default: false
        }
    }

    /// Bytes of the payload as stored.
    package var storedPayloadBytes: UInt64 { payload.reduce(0) { $0.addingSaturated($1.location?.byteCount ?? 0) } }
}

extension Entry {
    func write(to writer: inout ManifestWriter) {
        writer.text(path)
        switch kind {
        case .directory:
            writer.byte(0)
        case .file:
            writer.byte(1)
        case .symbolicLink(let target):
            writer.byte(2)
            writer.text(target)
        case .hardLink(let original):
            writer.byte(3)
            writer.text(original)
        case .copy(let original):
            writer.byte(4)
            writer.text(original)
        case .variant(let original, let regions):
            writer.byte(5)
            writer.text(original)
            writer.list(regions) { writer, region in
                writer.integer(region.offset)
                writer.integer(region.byteCount)
                writer.integer(region.sourceOffset)
            }
        }
        writer.integer(Int(mode))
        writer.signed(modified)
        guard isFile else { return }
        writer.integer(byteCount)
        writer.integer(prefixEntry.map { $0 + 1 } ?? 0)
        writer.list(payload) { writer, block in block.write(to: &writer) }
        var end: UInt64 = 0
        writer.list(containers) { writer, container in
            writer.integer(container.lowerBound - end)
            writer.integer(container.upperBound - container.lowerBound)
            end = container.upperBound
        }
    }

    init(from reader: inout ManifestReader, parts: [StepManifest.Part]) throws(CodecError) {
        let path = try reader.text()
        guard Paths.isSafeRelative(path) else { throw CodecError(.corrupt, "the path \(path) is not allowed") }
        let kind: Kind
        switch try reader.byte() {
        case 0: kind = .directory
        case 1: kind = .file
        case 2: kind = .symbolicLink(target: try reader.text())
        case 3: kind = .hardLink(of: try reader.text())
        case 4: kind = .copy(of: try reader.text())
        case 5:
            let original = try reader.text()
            kind = .variant(
                of: original,
                regions: try reader.list { (reader) throws(CodecError) in
                    CopiedRegion(
                        offset: try reader.unsigned(), byteCount: try reader.unsigned(),
                        sourceOffset: try reader.unsigned())
                })
        default: throw CodecError(.corrupt, "the entry \(path) is of an unknown kind")
        }
        let mode = try reader.integer()
        guard mode <= 0o7777 else { throw CodecError(.corrupt, "the mode of \(path) is impossible") }
        self.init(path: path, kind: kind, mode: UInt32(mode), modified: try reader.signed())
        guard isFile else { return }
        byteCount = try reader.unsigned()
        let prefix = try reader.integer()
        prefixEntry = prefix == 0 ? nil : prefix - 1
        let blockSize = PayloadBlock.size
        payload = try reader.list { (reader) throws(CodecError) in
            try PayloadBlock(from: &reader, parts: parts)
        }
        guard payload.dropLast().allSatisfy({ $0.plainCount == blockSize }) else {
            throw CodecError(.corrupt, "a payload block of \(path) is too small")
        }
        var end: UInt64 = 0
        containers = try reader.list { (reader) throws(CodecError) in
            let (gap, count) = (try reader.unsigned(), try reader.unsigned())
            guard gap <= byteCount - end, count <= byteCount - end - gap else {
                throw CodecError(.corrupt, "a zip file ends beyond \(path)")
            }
            end += gap + count
            return end - count..<end
        }
    }

    /// Sizes of a manifest's files stay so far below 2^64 that no sum of them overflows.
    static func checkSizes(_ entries: [Entry]) throws(CodecError) {
        var left = UInt64(1) << 60
        for entry in entries {
            guard entry.byteCount <= left else { throw CodecError(.corrupt, "the size of \(entry.path) is impossible") }
            left -= entry.byteCount
        }
    }
}

extension StepManifest.Part {
    /// - Throws: `.corrupt` for a name that is no plain file name, or a size that no file has.
    func check() throws(CodecError) {
        guard Paths.isSafeRelative(name), !name.utf8.contains(UInt8(ascii: "/")), byteCount <= 1 << 60 else {
            throw CodecError(.corrupt, "the part \(name) is not allowed")
        }
    }
}
