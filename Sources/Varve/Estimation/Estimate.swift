/// What compressing a run would do, as far as it can be told without doing it.
public struct Estimate: Sendable, Codable {
    public struct Step: Sendable, Codable {
        public var step: Int
        /// Relative to the run.
        public var checkpoint: String
        public var keyframe: Bool
        public var originalBytes: UInt64
        /// What it would take in the archive, about.
        public var storedBytes: UInt64
        /// Whether it was in the sample; other steps are judged by those that were.
        public var sampled: Bool
    }

    /// What was really encoded, in memory.
    public struct Sample: Sendable, Codable {
        public var steps: [Int]
        /// Bytes of checkpoints.
        public var bytes: UInt64
        public var seconds: Double
    }

    public var run: String
    public var archive: String
    /// The framework's layout, in words.
    public var layout: String?
    /// Parameters of a step.
    public var parameters: Int
    /// Their elements.
    public var values: UInt64
    /// The files of one step, that between keyframes where there is one.
    public var files: [FileOutline]
    /// Steps that would be added, ascending.
    public var steps: [Step]
    /// Steps that the archive has already.
    public var present: [Int]
    /// Checkpoints that would be left out because they are not complete or cannot be read.
    public var skipped: [CompressionResult.Skipped]
    /// What a user should read, beside the above.
    public var notices: [String]
    public var originalBytes: UInt64
    /// Of all steps, about; the run's other files come on top.
    public var storedBytes: UInt64
    /// Compressing would take, about.
    public var seconds: Double
    public var sample: Sample

    /// Original over stored bytes; 0 where nothing would be stored.
    public var ratio: Double { storedBytes == 0 ? 0 : Double(originalBytes) / Double(storedBytes) }
}
