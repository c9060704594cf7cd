import Checkpoints

extension Step {
    /// Bytes of its regular files.
    var byteCount: UInt64 {
        entries.reduce(0) { $0 + ($1.identity.kind == .regular && $1.linkTarget == nil ? $1.identity.byteCount : 0) }
    }
}
