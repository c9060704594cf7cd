import TensorCodecs
package import TensorFiles

/// `run.manifest`: the files of the run that belong to no step, and the paths that repeat a step's file.
///
/// Replaced as a whole by each writer that finds something new. A path that has vanished from the run is carried over.
package struct RunManifest: Sendable {
    /// One part, or none where no entry has bytes.
    package var parts: [StepManifest.Part]
    package var entries: [Entry]

    package init(parts: [StepManifest.Part] = [], entries: [Entry] = []) {
        self.parts = parts
        self.entries = entries
    }

    package func encoded() -> [UInt8] {
        var writer = ManifestWriter()
        writer.list(parts) { writer, part in
            writer.text(part.name)
            writer.integer(part.byteCount)
        }
        writer.list(entries) { writer, entry in entry.write(to: &writer) }
        return writer.output.bytes
    }

    package init(decoding body: [UInt8], file: String) throws(VarveError) {
        do throws(CodecError) {
            var reader = ManifestReader(body)
            let parts = try reader.list { (reader) throws(CodecError) in
                StepManifest.Part(name: try reader.text(), byteCount: try reader.unsigned())
            }
            for part in parts { try part.check() }
            let entries = try reader.list { (reader) throws(CodecError) in try Entry(from: &reader, parts: parts) }
            try Entry.checkSizes(entries)
            for entry in entries {
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
            guard reader.input.remaining == 0 else { throw CodecError(.corrupt, "bytes are left over") }
            self.init(parts: parts, entries: entries)
        } catch {
            throw VarveError(.damaged, "the manifest breaks the format", file: file, cause: error)
        }
    }
}
