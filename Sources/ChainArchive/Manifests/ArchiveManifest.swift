import TensorCodecs
package import FileSystem

/// `archive.manifest`: makes a directory an archive. It never changes after it was written.
package struct ArchiveManifest: Sendable, Hashable {
    /// The release that made the archive, for people.
    package var writer: String

    package init(writer: String) { self.writer = writer }

    package func encoded() -> [UInt8] {
        var writer = ManifestWriter()
        writer.text(self.writer)
        return writer.output.bytes
    }

    package init(decoding body: [UInt8], file: String) throws(VarveError) {
        do throws(CodecError) {
            var reader = ManifestReader(body)
            writer = try reader.text()
            guard reader.input.remaining == 0 else { throw CodecError(.corrupt, "bytes are left over") }
        } catch {
            throw VarveError(.damaged, "the manifest breaks the format", file: file, cause: error)
        }
    }
}
