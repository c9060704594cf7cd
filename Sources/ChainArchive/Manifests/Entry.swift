import FileSystem

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
