/// How thoroughly an archive is checked.
public struct VerificationOptions: Sendable {
    /// Whether every tensor and payload block is decoded and compared with its hash.
    public var deep: Bool
    /// A run whose files every restored byte is compared with; `nil` for none. Exact bytes must be equal. The error of
    /// quantized tensors must be the recorded one. Implies decoding.
    public var against: String?
    /// The base that the archive was made with, as ``CompressionOptions/base``.
    public var base: String?
    /// The share of every step that is decoded, above 0 and at most 1; `nil` for no sample. Implies decoding.
    public var sample: Double?
    /// Another seed gives another sample.
    public var seed: UInt64
    /// Threads to decode with; 0 for as many as there are processors that this process may use.
    public var threads: Int
    /// Bytes of memory that the process may take; `nil` for as many as its threads need.
    public var memory: UInt64?

    /// Which part of every step is checked by this process, of several; `nil` for all. Of stored bytes each takes whole steps.
    public var part: PartOptions?

    /// Options, by default for comparing stored bytes with their checksums and no more.
    public init(
        deep: Bool = false, against: String? = nil, base: String? = nil, sample: Double? = nil, seed: UInt64 = 0,
        threads: Int = 0, memory: UInt64? = nil
    ) {
        self.deep = deep
        self.against = against
        self.base = base
        self.sample = sample
        self.seed = seed
        self.threads = threads
        self.memory = memory
    }

    /// Whether anything is decoded.
    var decodes: Bool { deep || against != nil || sample != nil }
}
