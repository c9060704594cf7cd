/// What Varve understands of a run, before anything is compressed.
public struct Inspection: Sendable, Codable {
    /// A tensor in one of its roles.
    public struct Tensor: Sendable, Codable {
        /// The type of its elements, by the raw value of ``DType``.
        public var dtype: String
        /// The number of elements along each axis.
        public var shape: [Int]
        /// The path of its file in the run.
        public var file: String
        /// SHA-256 of the contiguous little-endian bytes, in hexadecimal; `nil` if hashes were not asked for.
        public var sha256: String?
    }

    /// Optimizer state beside the moments: a tensor or a number.
    public struct Other: Sendable, Codable {
        /// The type of a tensor's elements; `nil` for a number.
        public var dtype: String?
        /// The shape of a tensor; `nil` for a number.
        public var shape: [Int]?
        /// SHA-256 of a tensor, as in ``Tensor``.
        public var sha256: String?
        /// The number; `nil` for a tensor.
        public var value: Double?
    }

    /// A parameter of a step with its optimizer state.
    public struct Parameter: Sendable, Codable {
        /// The parameter's name.
        public var name: String
        /// The shape of its weight, or of its moments if it has no weight here.
        public var shape: [Int]
        /// The type of the elements of the same tensor; empty if there is none.
        public var dtype: String
        /// The weight; `nil` if the step has none.
        public var weight: Tensor?
        /// The first moment; `nil` if the step has none.
        public var firstMoment: Tensor?
        /// The second moment; `nil` if the step has none.
        public var secondMoment: Tensor?
        /// Further state, by the optimizer's keys; `nil` if there is none.
        public var other: [String: Other]?
        /// `true` if no optimizer trains it and it is known as a buffer; else `nil`.
        public var buffer: Bool?
        /// How optimizer state was tied to the weight, by the raw value of ``Report/Pairing``.
        public var pairing: String
        /// The correlation that proved it; `nil` if the values were not needed.
        public var correlation: Double?
    }

    /// A file of a step.
    public struct File: Sendable, Codable {
        /// The path in the run.
        public var path: String
        /// Bytes of the file.
        public var bytes: UInt64
        /// `safetensors`, `torchZip` or `torchLegacy`; `other` for a file that is kept whole.
        public var container: String
        /// The number of tensors in it.
        public var tensors: Int
    }

    /// A complete checkpoint.
    public struct Step: Sendable, Codable {
        /// The step's number.
        public var step: Int
        /// Whether the number counts epochs.
        public var isEpoch: Bool
        /// The path of the checkpoint in the run.
        public var checkpoint: String
        /// Its parameters.
        public var parameters: [Parameter]
        /// Its files.
        public var files: [File]
        /// How its tensors are cut into pieces; `nil` where they are not, or where nobody can put them together.
        public var pieces: Pieces?
        /// What a user should read of it, in sentences.
        public var warnings: [String]
    }

    /// A checkpoint that is not complete or cannot be read.
    public struct Skipped: Sendable, Codable {
        /// The path in the run.
        public var path: String
        /// Why, in a sentence.
        public var reason: String
    }

    /// A path of the run that repeats a step's content.
    public struct Alias: Sendable, Codable {
        /// The path in the run.
        public var path: String
        /// The path that it repeats.
        public var original: String
        /// `symbolicLink`, `hardLink`, `copy` or `sameTensors`.
        public var kind: String
    }

    /// The run's directory.
    public var run: String
    /// The complete checkpoints, in ascending order.
    public var steps: [Step]
    /// The other checkpoints.
    public var skipped: [Skipped]
    /// Paths that repeat what a step has.
    public var aliases: [Alias]
    /// Paths of the run that belong to no step.
    public var extras: [String]
    /// What a user should read of the run, in sentences.
    public var warnings: [String]
}
