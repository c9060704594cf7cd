/// How much is worked on at a time.
struct Workers: Sendable {
    let threads: Int
    /// Bytes that the units in work may take together.
    let room: Int

    /// What the process takes beside them: the program, manifests, buffers of the libraries.
    static let fixed: UInt64 = 96 << 20

    /// - Parameters:
    ///   - threads: 0 for all cores this process may use.
    ///   - memory: bytes that the process may take; `nil` for as many as its threads need.
    init(threads: Int, memory: UInt64? = nil) {
        self.threads = threads > 0 ? threads : OrderedWork.defaultThreads()
        room = memory.map { Int(clamping: $0 > Self.fixed ? $0 - Self.fixed : 0) } ?? .max
    }

    /// - Parameter needed: bytes of the largest unit.
    /// - Throws: `.usage` where not even one worker has room for it.
    func check(_ needed: Int, tensor: String?) throws(VarveError) {
        guard needed > room else { return }
        let megabytes = (UInt64(needed) + Self.fixed) / 1_000_000 + 1
        throw VarveError(
            .usage, "--memory leaves too little room: one worker needs \(megabytes) MB for its largest tensor",
            tensor: tensor)
    }
}
