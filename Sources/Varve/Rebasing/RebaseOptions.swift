/// How steps that stay are taken again when those that they build on are forgotten.
///
/// Each is encoded once more, by the method that it was made with, from what the archive restores of it, and then builds on
/// steps that stay. A lossless archive, and one of method `excp`, restores the same bytes afterwards. Under `transform`
/// restored values change a little, because they are quantized once more; ``ForgetResult/rebased`` says by how much.
public struct RebaseOptions: Sendable {
    /// The base that the archive was made with, as ``CompressionOptions/base``.
    public var base: String?
    /// Threads to work with; 0 for as many as there are processors that this process may use. The result does not
    /// depend on it.
    public var threads: Int
    /// Bytes of memory that the process may take; `nil` for as many as its threads need.
    public var memory: UInt64?

    /// Options; without any the archive needs no base.
    public init(base: String? = nil, threads: Int = 0, memory: UInt64? = nil) {
        self.base = base
        self.threads = threads
        self.memory = memory
    }
}
