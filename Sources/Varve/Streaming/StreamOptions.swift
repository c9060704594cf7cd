/// How bytes of a step are read.
public struct StreamOptions: Sendable {
    /// Of tensors: whether only the model's weights come.
    public var onlyWeights = false
    /// Of tensors: only those whose names one of these fits; none for all.
    public var names: [NamePattern] = []
    /// The base that the archive was made with, as ``CompressionOptions/base``.
    public var base: String?
    /// Threads to work with; 0 for as many as there are processors that this process may use.
    public var threads = 0
    /// Bytes of memory that the process may take; `nil` for as many as its threads need.
    public var memory: UInt64?
    /// A directory for what has to be put together before it can be given out; `nil` for `TMPDIR`, else `/var/tmp`.
    public var scratch: String?

    /// All tensors.
    public init() {}
}

/// Takes bytes in their order. It is called by one task at a time.
public typealias ByteSink = @Sendable (UnsafeRawBufferPointer) throws(VarveError) -> Void
