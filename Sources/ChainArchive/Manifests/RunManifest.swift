package import FileSystem
import TensorCodecs

/// `run.manifest`: the files of the run that belong to no step, and the paths that repeat a step's file.
///
/// Replaced as a whole by each writer that finds something new. A path that has vanished from the run is carried over.
package struct RunManifest: Sendable {
    /// One part, or none where no entry has bytes.
    package var parts: [StepManifest.Part]
    package var entries: [Entry]
    /// Files of steps that are one file with a file of another step.
    package var links: [StepLink]

    package init(parts: [StepManifest.Part] = [], entries: [Entry] = [], links: [StepLink] = []) {
        self.parts = parts
        self.entries = entries
        self.links = links
    }

    package func encoded() -> [UInt8] {
        var writer = ManifestWriter()
        writer.list(parts) { writer, part in
            writer.text(part.name)
            writer.integer(part.byteCount)
        }
        writer.list(entries) { writer, entry in entry.write(to: &writer) }
        writer.list(links) { writer, link in
            writer.text(link.path)
            writer.text(link.original)
        }
        return writer.output.bytes
    }

    package init(decoding body: [UInt8], file: String) throws(VarveError) {
        do throws(CodecError) {
            var reader = ManifestReader(body)
            let parts = try reader.list { (reader) throws(CodecError) in
                StepManifest.Part(name: try reader.text(), byteCount: try reader.unsigned())
            }
            for part in parts { try part.check() }
            let entries = try reader.list { (reader) throws(CodecError) in
                try Entry(from: &reader, parts: parts)
            }
            try Entry.checkSizes(entries)
            for entry in entries {
                guard
                    entry.payload.allSatisfy({
                        if case .elsewhere = $0.content { false } else { true }
                    })
                else { throw CodecError(.corrupt, "\(entry.path) refers to a step's payload") }
                var bytes = entry.payload.reduce(UInt64(0)) { $0 + UInt64($1.plainCount) }
                if case .variant(let of, let regions) = entry.kind {
                    guard Paths.isSafeRelative(of) else { throw CodecError(.corrupt, "the path \(of) is not allowed") }
                    var end: UInt64 = 0
                    for region in regions {
                        guard region.offset >= end, region.byteCount <= entry.byteCount,
                            region.offset <= entry.byteCount - region.byteCount
                        else { throw CodecError(.corrupt, "the regions of \(entry.path) are impossible") }
                        end = region.offset + region.byteCount
                        bytes += region.byteCount
                    }
                }
                guard !entry.isFile || bytes == entry.byteCount else {
                    throw CodecError(.corrupt, "the parts of \(entry.path) do not add up to its size")
                }
            }
            let links = try reader.list { (reader) throws(CodecError) in
                StepLink(path: try reader.text(), original: try reader.text())
            }
            for path in links.flatMap({ [$0.path, $0.original] }) where !Paths.isSafeRelative(path) {
                throw CodecError(.corrupt, "the path \(path) is not allowed")
            }
            guard reader.input.remaining == 0 else { throw CodecError(.corrupt, "bytes are left over") }
            self.init(parts: parts, entries: entries, links: links)
        } catch {
            throw VarveError(.damaged, "the manifest breaks the format", file: file, cause: error)
        }
    }
}

/// A file of a step that is another name of a file of an earlier step.
///
/// Each step restores on its own; where both are restored, and are equal then, they are one file again.
package struct StepLink: Sendable, Hashable {
    /// Relative to the run.
    package var path: String
    /// The file of the earlier step, relative to the run.
    package var original: String

    package init(path: String, original: String) {
        self.path = path
        self.original = original
    }
}
