import TensorCodecs
import FileSystem

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
    }

    /// - Parameter sharesBlocks: whether payload blocks may be other things than records.
    init(
        from reader: inout ManifestReader, parts: [StepManifest.Part], sharesBlocks: Bool
    ) throws(CodecError) {
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
            try PayloadBlock(from: &reader, parts: parts, sharesBlocks: sharesBlocks)
        }
        guard payload.dropLast().allSatisfy({ $0.plainCount == blockSize }) else {
            throw CodecError(.corrupt, "a payload block of \(path) is too small")
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
