/// A path of the run that repeats a file of a step (`last.ckpt`, `model_best.pth.tar`).
package struct StepAlias: Sendable {
    package enum Kind: Sendable, Hashable {
        /// A symbolic link; the target stands in the entry.
        case symbolicLink
        /// The same inode.
        case hardLink
        /// Another file with the same bytes.
        case copy
        /// Another file whose tensors are all equal, in the same order; only the container's own bytes differ
        /// (torch writes the file's name into it).
        case sameTensors
    }

    package var entry: RunEntry
    /// The file it repeats, relative to the run.
    package var original: String
    package var kind: Kind

    package init(entry: RunEntry, original: String, kind: Kind) {
        self.entry = entry
        self.original = original
        self.kind = kind
    }
}
