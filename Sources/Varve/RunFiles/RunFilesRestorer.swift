import ChainArchive
import FileSystem
import TensorFiles

/// Writes back the run's files that belong to no step, when all steps are in place.
struct RunFilesRestorer {
    let archive: ArchiveReader
    /// Those of the run's files that are restored.
    let entries: [Entry]
    /// The run's directory.
    let root: String

    func restore() throws(VarveError) {
        guard let manifest = try archive.runManifest() else { return }
        let readers = try archive.parts(manifest)
        for entry in entries {
            switch entry.kind {
            case .directory: try tree.makeDirectory(try safe(entry.path))
            case .file: try restore(entry, regions: [], from: nil, readers)
            case .symbolicLink, .hardLink, .copy, .variant: break
            }
        }
        for entry in entries {
            switch entry.kind {
            case .copy(let original): try copy(entry, from: original)
            case .variant(let original, let regions): try restore(entry, regions: regions, from: original, readers)
            case .directory, .file, .symbolicLink, .hardLink: break
            }
        }
        // Another name of a copy may come before it.
        for entry in entries {
            guard case .hardLink(let original) = entry.kind else { continue }
            try SystemCalls.link(try tree.file(try safe(original)), try tree.newPath(try safe(entry.path)))
        }
        for entry in entries {
            guard case .symbolicLink(let target) = entry.kind else { continue }
            try SystemCalls.symbolicLink(target: target, at: try tree.newPath(try safe(entry.path)))
            try SystemCalls.setModificationTime(try path(entry.path), nanoseconds: entry.modified)
        }
        for entry in entries.reversed() {
            guard case .directory = entry.kind else { continue }
            try SystemCalls.setMode(try path(entry.path), entry.restoredMode | 0o700)
            try SystemCalls.setModificationTime(try path(entry.path), nanoseconds: entry.modified)
        }
    }

    private var tree: RestoreTree { RestoreTree(root: root) }

    private func path(_ relative: String) throws(VarveError) -> String { Paths.join(root, try safe(relative)) }

    private func safe(_ relative: String) throws(VarveError) -> String {
        guard Paths.isSafeRelative(relative) else {
            throw VarveError(.damaged, "the path \(relative) would leave the output directory")
        }
        return relative
    }

    /// A file from its payload, and for a variant from the tensors of another restored file.
    private func restore(
        _ entry: Entry, regions: [Entry.CopiedRegion], from original: String?, _ readers: [PartReader]
    ) throws(VarveError) {
        let file = try OutputFile(try tree.newPath(try safe(entry.path)), byteCount: entry.byteCount)
        let ranges = regions.map { $0.offset..<$0.offset + $0.byteCount }
        var gaps = Gaps(byteCount: entry.byteCount, regions: ranges)
        for block in entry.payload {
            if case .constant(0) = block.content {
                gaps.skip(block.plainCount)
            } else {
                try gaps.fill(file, with: try plain(block, readers))
            }
        }
        if let original {
            let source = try InputFile(try tree.file(try safe(original)))
            for region in regions {
                try Self.copy(source, region.sourceOffset, file, region.offset, region.byteCount)
            }
            try ZipChecksums.reseal(file, changed: ranges)
        }
        try file.commit(sync: false)
        try setAttributes(entry)
    }

    /// The bytes of a block of a run's file.
    func plain(_ block: PayloadBlock, _ readers: [PartReader]) throws(VarveError) -> [UInt8] {
        switch block.content {
        case .constant(let value):
            return [UInt8](repeating: value, count: block.plainCount)
        case .record(let location, _):
            let reader = readers[location.part]
            return try block.decode(try reader.read(location), prefix: []) {
                VarveError(
                    .damaged, "stored bytes do not decode", file: reader.path, offset: location.offset, cause: $0)
            }
        case .elsewhere:
            throw VarveError(.damaged, "payload of the run's files in a step", file: archive.layout.runManifest)
        }
    }

    private func copy(_ entry: Entry, from original: String) throws(VarveError) {
        let source = try InputFile(try tree.file(try safe(original)))
        let file = try OutputFile(try tree.newPath(try safe(entry.path)), byteCount: source.byteCount)
        try Self.copy(source, 0, file, 0, source.byteCount)
        try file.commit(sync: false)
        try setAttributes(entry)
    }

    private func setAttributes(_ entry: Entry) throws(VarveError) {
        try SystemCalls.setMode(try path(entry.path), entry.restoredMode)
        try SystemCalls.setModificationTime(try path(entry.path), nanoseconds: entry.modified)
    }

    private static func copy(
        _ source: InputFile, _ from: UInt64, _ file: OutputFile, _ to: UInt64, _ count: UInt64
    ) throws(VarveError) {
        var done: UInt64 = 0
        while done < count {
            let bytes = try source.bytes(at: from + done, count: Int(min(count - done, 1 << 20)))
            try bytes.withUnsafeBytesTyped { (buffer) throws(VarveError) in
                try file.writeSparse(buffer, at: to + done)
            }
            done += UInt64(bytes.count)
        }
    }
}
