package import FileSystem

/// A file, directory or symbolic link under a run.
package struct RunEntry: Sendable, Hashable {
    /// Relative to the run.
    package var path: String
    package var identity: FileIdentity
    /// Target of a symbolic link, verbatim.
    package var linkTarget: String?
    /// Path of the first entry of the run that shares this one's inode, if there is one.
    package var hardLinkOf: String?

    package init(path: String, identity: FileIdentity, linkTarget: String? = nil, hardLinkOf: String? = nil) {
        self.path = path
        self.identity = identity
        self.linkTarget = linkTarget
        self.hardLinkOf = hardLinkOf
    }
}
