/// What checking an archive found.
public struct VerificationResult: Sendable, Codable {
    /// One thing that is wrong.
    public struct Finding: Sendable, Codable {
        /// The step; `nil` for the archive itself and the run's own files.
        public var step: Int?
        /// The path of the file.
        public var file: String?
        /// The first byte in the file, counted from 0.
        public var offset: UInt64?
        /// The name of the tensor.
        public var tensor: String?
        /// What is wrong, in a sentence.
        public var message: String
    }

    /// Parts of a step that is not committed yet. They are not of the archive, so what is wrong with them is no corruption.
    public struct Pending: Sendable, Codable {
        /// The step.
        public var step: Int
        /// The number of parts it was dealt to.
        public var count: Int
        /// Parts that are not there, or not all of them.
        public var missing: [Int]
        /// Parts whose bytes are not those that were written.
        public var damaged: [Int]
        /// What parts contradict each other in, both sides named.
        public var contradictions: [String]
    }

    /// The steps that were checked, ascending.
    public var steps: [Int]
    /// The corruption that was found.
    public var findings: [Finding]
    /// The steps that cannot be restored, because they or steps that they build on are corrupt.
    public var unrestorable: [Int]
    /// The steps of which an interrupted writer left a directory. They were never visible.
    public var uncommitted: [Int]
    /// What several workers left of steps that are not committed yet.
    public var pending: [Pending] = []
    /// The number of tensors that were decoded and compared.
    public var tensorsDecoded: Int
    /// What an intact archive would restore differently from what the run holds.
    public var differences: [Finding]
    /// Files in the archive's directory that are not the archive's. They are no corruption.
    public var strangers: [String] = []
    /// The steps that were compared with the run's own files.
    public var compared: [Int]
    /// What a sample covered; `nil` if no sample was asked for.
    public var sampled: Coverage?
    /// Whether nothing is corrupt.
    public var isIntact: Bool { findings.isEmpty }
}
