/// What ``Archive/compressPart(run:to:part:options:progress:)`` did.
public struct PartResult: Sendable, Codable {
    /// This worker's part of a step.
    public struct Step: Sendable, Codable {
        /// The step.
        public var number: Int
        /// Bytes of the checkpoint that the part holds.
        public var originalBytes: UInt64
        /// Bytes that were stored for them.
        public var storedBytes: UInt64
        /// Whether an earlier call made it.
        public var wasThere: Bool
    }

    /// The number of this part, counted from 0.
    public var part: Int
    /// The number of parts.
    public var count: Int
    /// The steps of which this part is on disk now, ascending.
    public var steps: [Step] = []
    /// The steps that this call made visible, ascending.
    public var committed: [Int] = []
    /// The steps of which this part is not made yet, because it builds on a step that waits for other parts.
    public var waiting: [Int] = []
    /// The parts that are still to be run, of steps that this call looked at.
    public var missing: [MissingParts] = []
    /// The steps that the archive had already.
    public var present: [Int] = []
    /// The checkpoints that were left out, because they are not complete or cannot be read.
    public var skipped: [CompressionResult.Skipped] = []
    /// What a user should read beside the above, in sentences.
    public var notices: [String] = []
}

/// Parts of a step that are to be run, or to be run again.
public struct MissingParts: Sendable, Codable, Hashable {
    /// The step.
    public var step: Int
    /// The number of parts it was dealt to.
    public var count: Int
    /// Those that are missing, ascending.
    public var parts: [Int]

    /// - Parameters:
    ///   - step: the step.
    ///   - count: the number of parts it was dealt to.
    ///   - parts: those that are missing, ascending.
    public init(step: Int, count: Int, parts: [Int]) {
        self.step = step
        self.count = count
        self.parts = parts
    }

    /// The parts as Slurm's `--array` has them: `0,3-5`.
    public var array: String {
        var runs: [ClosedRange<Int>] = []
        for part in parts {
            if let last = runs.last, last.upperBound + 1 == part {
                runs[runs.count - 1] = last.lowerBound...part
            } else {
                runs.append(part...part)
            }
        }
        return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }
}

/// What ``Archive/commit(discards:wait:)`` did and found.
public struct CommitResult: Sendable, Codable {
    /// The steps that were made visible, ascending.
    public var committed: [Int] = []
    /// Steps that cannot be committed yet, and the parts that they wait for.
    public var missing: [MissingParts] = []
    /// What parts contradict each other in, both sides named.
    public var contradictions: [String] = []
    /// Steps that have all of their parts and wait for a step before them.
    public var waiting: [Int] = []
    /// Steps whose parts were removed.
    public var discarded: [Int] = []
    /// What was said of the steps.
    public var notices: [String] = []
}
