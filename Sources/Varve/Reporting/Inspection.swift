/// What Varve understands of a run, before anything is compressed.
public struct Inspection: Sendable, Codable {
    /// A tensor in one of its roles.
    public struct Tensor: Sendable, Codable {
        public var dtype: String
        public var shape: [Int]
        /// Path of the file in the run.
        public var file: String
        /// SHA-256 of the contiguous little-endian bytes, where hashes were asked for.
        public var sha256: String?
    }

    /// Optimizer state beside the moments: a tensor or a number.
    public struct Other: Sendable, Codable {
        public var dtype: String?
        public var shape: [Int]?
        public var sha256: String?
        public var value: Double?
    }

    public struct Parameter: Sendable, Codable {
        public var name: String
        public var shape: [Int]
        public var dtype: String
        public var weight: Tensor?
        public var firstMoment: Tensor?
        public var secondMoment: Tensor?
        public var other: [String: Other]?
        /// Present and true where no optimizer handles it and it is known as a buffer.
        public var buffer: Bool?
        /// How optimizer state was tied to the weight.
        public var pairing: String
        /// The correlation that proved it, where data did.
        public var correlation: Double?
    }

    public struct File: Sendable, Codable {
        public var path: String
        public var bytes: UInt64
        /// `safetensors`, `torchZip`, `torchLegacy`, or `other`: kept whole.
        public var container: String
        public var tensors: Int
    }

    public struct Step: Sendable, Codable {
        public var step: Int
        public var isEpoch: Bool
        /// Relative to the run.
        public var checkpoint: String
        public var parameters: [Parameter]
        public var files: [File]
        public var warnings: [String]
    }

    public struct Skipped: Sendable, Codable {
        public var path: String
        public var reason: String
    }

    public struct Alias: Sendable, Codable {
        public var path: String
        public var original: String
        /// `symbolicLink`, `hardLink`, `copy`, `sameTensors`.
        public var kind: String
    }

    public var run: String
    public var steps: [Step]
    public var skipped: [Skipped]
    public var aliases: [Alias]
    /// Files of the run that belong to no step.
    public var extras: [String]
    public var warnings: [String]
}
