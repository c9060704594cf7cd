/// What compressing a run would do, as far as a sample tells.
public struct Estimate: Sendable, Codable {
    /// A step that would be added.
    public struct Step: Sendable, Codable {
        /// The step's number.
        public var step: Int
        /// The path of the checkpoint in the run.
        public var checkpoint: String
        /// Whether the step would build on no other one.
        public var keyframe: Bool
        /// Bytes of its files.
        public var originalBytes: UInt64
        /// About how many bytes it would take in the archive.
        public var storedBytes: UInt64
        /// Whether it was in the sample. Other steps are judged by those that were.
        public var sampled: Bool
    }

    /// What was encoded, in memory.
    public struct Sample: Sendable, Codable {
        /// The steps that were encoded, as a whole or in part.
        public var steps: [Int]
        /// Bytes of checkpoints that were encoded.
        public var bytes: UInt64
        /// Seconds that this took.
        public var seconds: Double
    }

    /// The run's directory, as it was named.
    public var run: String
    /// The archive's directory, as it was named.
    public var archive: String
    /// The framework's layout, in words; `nil` if no step would be added.
    public var layout: String?
    /// The number of parameters of a step.
    public var parameters: Int
    /// The number of their elements.
    public var values: UInt64
    /// The files of one step that is no keyframe; of a keyframe if there is no other step.
    public var files: [FileOutline]
    /// The steps that would be added, ascending.
    public var steps: [Step]
    /// The steps that the archive has already, and those of `forgotten`.
    public var present: [Int]
    /// Those of `present` that were forgotten.
    public var forgotten: [Int] = []
    /// The checkpoints that would be left out, because they are not complete or cannot be read.
    public var skipped: [CompressionResult.Skipped]
    /// What a user should read beside the above, in sentences.
    public var notices: [String]
    /// Bytes of the steps that would be added.
    public var originalBytes: UInt64
    /// About how many bytes they would take. The run's other files are not in it.
    public var storedBytes: UInt64
    /// About how many bytes the scratch files would take beside the archive while it is written. They have no name and go with
    /// the process.
    public var scratchBytes: UInt64 = 0
    /// About how many bytes the state would take in the directory that was named for it, and once more while it is replaced;
    /// `nil` if none was named.
    public var stateBytes: UInt64?
    /// About how many seconds compressing would take.
    public var seconds: Double
    /// What was encoded to tell all that.
    public var sample: Sample

    /// Original over stored bytes; 0 if nothing would be stored.
    public var ratio: Double { storedBytes == 0 ? 0 : Double(originalBytes) / Double(storedBytes) }
}
