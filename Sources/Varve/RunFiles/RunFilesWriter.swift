import ChainArchive
import Checkpoints
import TensorCodecs
import FileSystem
import TensorFiles

/// Keeps what a run holds beside its steps: other files exactly, repeated checkpoints as links to their steps.
struct RunFilesWriter {
    let run: Run
    let writer: ArchiveWriter
    let extras: CompressionOptions.Extras
    /// Numbers of the steps in the archive.
    let compressed: Set<Int>

    /// Larger files are left out under `.small`.
    static let smallLimit: UInt64 = 64 << 20

    /// Writes a new manifest of the run's files if anything differs from the archive's.
    ///
    /// A path that the archive has and the run has no more is carried over: what is kept does not disappear.
    func write(notice: (String) -> Void) async throws(VarveError) {
        let archive = try ArchiveReader(writer.layout.root)
        let old = try archive.runManifest()
        let wanted = try wantedEntries(notice)
        var known: [String: Entry] = [:]
        for entry in old?.entries ?? [] { known[entry.path] = entry }
        let paths = Set(wanted.map(\.entry.path))
        let changed = wanted.contains { item in
            guard let before = known[item.entry.path] else { return true }
            return !item.entry.describesSame(as: before)
        }
        let links = StepLinks(run.steps.filter { compressed.contains($0.number) }).links(keeping: old?.links ?? [])
        guard changed || links != old?.links ?? [] else { return }

        let name = old?.parts.first?.name == "run-0000.part" ? "run-0001.part" : "run-0000.part"
        var part: PartWriter?
        var manifest = RunManifest()
        func append(_ bytes: [UInt8]) throws(VarveError) -> RecordLocation {
            let target: PartWriter
            if let part {
                target = part
            } else {
                target = try PartWriter(directory: writer.layout.root, name: name, index: 0, number: PartHeader.run)
                part = target
            }
            return try target.append(bytes)
        }
        let readers = try old.map { (manifest) throws(VarveError) in try archive.parts(manifest) } ?? []
        func carryOver(_ entry: Entry) throws(VarveError) {
            var entry = entry
            for block in entry.payload.indices {
                guard let location = entry.payload[block].location else { continue }
                entry.payload[block].location = try append(readers[location.part].read(location))
            }
            manifest.entries.append(entry)
        }
        // What has become part of a step is kept there.
        for entry in old?.entries ?? [] where !paths.contains(entry.path) && !stepPaths.contains(entry.path) {
            try carryOver(entry)
        }
        for item in wanted {
            var entry = item.entry
            if let source = item.source {
                let start = part?.byteCount ?? UInt64(PartHeader.size)
                do throws(VarveError) {
                    entry.payload = try encode(source, gaps: item.gaps, append: append)
                    try source.checkUnchanged()
                } catch  where error.location.file == source.name && error.code != .noSpace {
                    try part?.cut(to: start)
                    if let before = known[entry.path] {
                        notice("\(entry.path) is kept as it was: \(error)")
                        try carryOver(before)
                    } else {
                        notice("\(entry.path) is left out: \(error)")
                    }
                    continue
                }
            }
            manifest.entries.append(entry)
        }
        manifest.entries.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        manifest.links = links
        if let part { manifest.parts = [StepManifest.Part(name: part.name, byteCount: part.byteCount)] }
        try writer.commit(manifest, part: part)
    }

    /// Paths of the steps that are in the archive.
    private var stepPaths: Set<String> {
        Set(run.steps.filter { compressed.contains($0.number) }.flatMap { $0.entries.map(\.path) })
    }

    // MARK: What to keep

    private struct Wanted {
        var entry: Entry
        /// The file whose bytes (in `gaps`) are stored.
        var source: InputFile?
        var gaps: Gaps?
    }

    private func wantedEntries(_ notice: (String) -> Void) throws(VarveError) -> [Wanted] {
        var wanted: [Wanted] = []
        let paths = stepPaths
        var copies = Set<String>()
        for alias in run.aliases where paths.contains(alias.original) || alias.kind == .symbolicLink {
            if let other = alias.entry.hardLinkOf, copies.contains(other) {
                let identity = alias.entry.identity
                let entry = Entry(
                    path: alias.entry.path, kind: .hardLink(of: other), mode: identity.mode, modified: identity.modified
                )
                wanted.append(Wanted(entry: entry))
            } else if let item = try entry(for: alias, notice) {
                wanted.append(item)
                copies.insert(item.entry.path)
            }
        }
        guard extras != .none else { return wanted }
        var kept = Set<String>()
        for item in run.extras {
            let kind: Entry.Kind
            if let target = item.linkTarget {
                kind = .symbolicLink(target: target)
            } else if item.identity.kind == .directory {
                kind = .directory
            } else if let original = item.hardLinkOf, kept.contains(original) {
                kind = .hardLink(of: original)
            } else if item.identity.kind == .regular {
                if extras == .small, item.identity.byteCount > Self.smallLimit {
                    notice(
                        "\(item.path) (\(item.identity.byteCount >> 20) MB) belongs to no step and is left out; "
                            + "`extras = .all` keeps it"
                    )
                    continue
                }
                kind = .file
            } else {
                notice("\(item.path) is no file, directory or link and is left out")
                continue
            }
            var entry = Entry(path: item.path, kind: kind, mode: item.identity.mode, modified: item.identity.modified)
            var source: InputFile?
            if case .file = kind {
                do throws(VarveError) {
                    let file = try InputFile(Paths.join(run.root, item.path))
                    entry.byteCount = file.byteCount
                    source = file
                    kept.insert(item.path)
                } catch {
                    notice("\(item.path) is left out: \(error)")
                    continue
                }
            }
            wanted.append(Wanted(entry: entry, source: source))
        }
        return wanted
    }

    private func entry(for alias: StepAlias, _ notice: (String) -> Void) throws(VarveError) -> Wanted? {
        let identity = alias.entry.identity
        var entry = Entry(
            path: alias.entry.path, kind: .copy(of: alias.original), mode: identity.mode, modified: identity.modified)
        switch alias.kind {
        case .symbolicLink:
            guard let target = alias.entry.linkTarget else { return nil }
            entry.kind = .symbolicLink(target: target)
        case .hardLink:
            entry.kind = .hardLink(of: alias.original)
        case .copy:
            break
        case .sameTensors:
            do throws(VarveError) {
                let source = try InputFile(Paths.join(run.root, alias.entry.path))
                let original = try InputFile(Paths.join(run.root, alias.original))
                guard let regions = try Self.commonRegions(source, original) else { return nil }
                entry.byteCount = source.byteCount
                entry.kind = .variant(of: alias.original, regions: regions)
                let ranges = regions.map { $0.offset..<$0.offset + $0.byteCount }
                return Wanted(entry: entry, source: source, gaps: Gaps(byteCount: source.byteCount, regions: ranges))
            } catch {
                notice("\(alias.entry.path) is left out: \(error)")
                return nil
            }
        }
        return Wanted(entry: entry)
    }

    /// Where the storages of two files with the same tensors lie; `nil` where they do not match after all.
    private static func commonRegions(
        _ source: InputFile, _ original: InputFile
    ) throws(VarveError) -> [Entry.CopiedRegion]? {
        guard let mine = try TensorFile.open(source), let theirs = try TensorFile.open(original) else { return nil }
        // By tensor, not by position: legacy files order their storages by memory address.
        guard mine.tensors.count == theirs.tensors.count else { return nil }
        var claimed = ClaimedRanges()
        var regions: [Entry.CopiedRegion] = []
        for (a, b) in zip(mine.tensors, theirs.tensors) {
            let from = mine.storages[a.storage], to = theirs.storages[b.storage]
            guard from.byteCount == to.byteCount else { return nil }
            guard from.byteCount > 0, claimed.claim(from.fileOffset..<from.fileOffset + from.byteCount) else {
                continue
            }
            regions.append(
                Entry.CopiedRegion(offset: from.fileOffset, byteCount: from.byteCount, sourceOffset: to.fileOffset))
        }
        return regions.sorted { $0.offset < $1.offset }
    }

    private func encode(
        _ source: InputFile, gaps: Gaps?, append: ([UInt8]) throws(VarveError) -> RecordLocation
    ) throws(VarveError) -> [PayloadBlock] {
        var blocks: [PayloadBlock] = []
        for ranges in (gaps ?? Gaps(byteCount: source.byteCount, regions: [])).blocks(of: PayloadBlock.size) {
            let count = ranges.reduce(0) { $0 + $1.count }
            if count >= PayloadBlock.smallestShared, ranges.allSatisfy({ source.isHole($0) }) {
                blocks.append(PayloadBlock(.constant(0), plainCount: count))
                continue
            }
            var plain: [UInt8] = []
            for range in ranges { plain += try source.bytes(at: range.lowerBound, count: range.count) }
            if plain.count >= PayloadBlock.smallestShared, let value = plain.constant {
                blocks.append(PayloadBlock(.constant(value), plainCount: plain.count))
                continue
            }
            let stored: [UInt8]
            do throws(CodecError) {
                stored = try PayloadCodec.encode(plain, prefix: [])
            } catch {
                throw VarveError(.inputOutput, "compressing failed", file: source.name, cause: error)
            }
            blocks.append(
                PayloadBlock(
                    location: try append(stored), plainCount: plain.count, plainChecksum: checksum64(plain),
                    usesPrefix: false))
        }
        return blocks
    }
}

extension Entry {
    /// Whether both describe the same state of the same path; contents are told by size and time.
    fileprivate func describesSame(as other: Entry) -> Bool {
        path == other.path && kind == other.kind && mode == other.mode && byteCount == other.byteCount
            && (modified == other.modified || kind == .directory)
    }
}
