import FileSystem
public import TensorFiles

/// What an archive holds and what it cost, step by step.
public struct Report: Sendable {
    /// Bytes and errors of one role, or of everything.
    public struct Figures: Sendable, Codable, Hashable {
        /// Bytes in the checkpoint.
        public var originalBytes: UInt64 = 0
        /// Bytes in the archive.
        public var storedBytes: UInt64 = 0
        /// The sum over elements of (restored - original)^2.
        public var squaredError: Double = 0
        /// What the squared error is compared with: for weights the squared change since the step before, for moments
        /// the sum of squares.
        public var referenceEnergy: Double = 0
        /// `squaredError` / `referenceEnergy`; 0 if nothing was lost.
        public var relativeSquaredError: Double = 0
        /// The number of elements.
        public var elementCount: UInt64 = 0
        /// The number of elements that are restored as "no change" (weights) or zero (moments).
        public var prunedCount: UInt64 = 0
        /// The largest |restored - original|.
        public var largestError: Double = 0

        /// Original bytes over stored bytes; 0 if nothing is stored.
        public var ratio: Double { storedBytes == 0 ? 0 : Double(originalBytes) / Double(storedBytes) }
        /// `prunedCount` / `elementCount`; 0 if there are no elements.
        public var prunedShare: Double { elementCount == 0 ? 0 : Double(prunedCount) / Double(elementCount) }

        /// Figures of nothing.
        public init() {}

        /// Adds another's figures.
        public mutating func add(_ other: Figures) {
            originalBytes = originalBytes.addingSaturated(other.originalBytes)
            storedBytes = storedBytes.addingSaturated(other.storedBytes)
            squaredError += other.squaredError
            referenceEnergy += other.referenceEnergy
            elementCount = elementCount.addingSaturated(other.elementCount)
            prunedCount = prunedCount.addingSaturated(other.prunedCount)
            largestError = max(largestError, other.largestError)
            relativeSquaredError = squaredError == 0 ? 0 : squaredError / referenceEnergy
            if !relativeSquaredError.isFinite { relativeSquaredError = 0 }
        }
    }

    /// One tensor of one step.
    public struct Tensor: Sendable {
        /// The name of its parameter. A tensor without a parameter has the name that it has in its file.
        public var name: String
        /// What it is for its parameter.
        public var role: TensorRole
        /// The optimizer's key for it, such as `exp_avg`. It is empty for weights.
        public var key: String
        /// The type of its elements.
        public var dtype: DType
        /// The number of elements along each axis.
        public var shape: [Int]
        /// The path of its file in the run; of a tensor that lies in pieces that of the first one.
        public var file: String
        /// The paths of all files that it lies in.
        public var files: [String]
        /// How its bytes are stored.
        public var coding: Coding
        /// Whether a restore gives back every bit of it.
        public var isExact: Bool
        /// How optimizer state was tied to the weight.
        public var pairing: Pairing
        /// Its bytes and errors.
        public var figures: Figures
    }

    /// One file of a step: payload and tensors together.
    public struct File: Sendable {
        /// The path in the run.
        public var path: String
        /// Bytes and errors of all of it.
        public var figures: Figures
        /// Bytes of the file that lie in no tensor record.
        public var payloadBytes: UInt64
        /// Bytes that those take in the archive.
        public var storedPayloadBytes: UInt64
    }

    /// One step.
    public struct Step: Sendable {
        /// The step's number.
        public var number: Int
        /// The path of the checkpoint in the run.
        public var path: String
        /// Whether the step builds on no other one.
        public var isKeyframe: Bool
        /// The method and its settings, in words.
        public var method: String
        /// Everything on disk for the step, manifest and headers of parts included.
        public var total: Figures
        /// The same by category. The categories add up to `total`.
        public var roles: [Category: Figures]
        /// The tensors, in the order of the manifest.
        public var tensors: [Tensor]
        /// The files, in the order of the manifest.
        public var files: [File]
        /// What was noted when the step was compressed, in sentences.
        public var notes: [String]
        /// How much of the change since the step before, and since the chain began, is restored.
        public var kept: KeptChange
        /// What restoring the step takes, reckoned from the manifests of its chain, over what a keyframe of the same
        /// tensors takes; `nil` if a manifest of its chain cannot be read.
        public var restoreCost: Double?
        /// Whether no rule forgets the step.
        public var isPinned: Bool
        /// Whether the moments were forgotten. Then only the model can be restored, and the figures leave moments out.
        public var lacksMoments: Bool
    }

    /// The steps that were asked for, ascending.
    public var steps: [Step]
    /// The sum over these steps. If they are all steps, the archive's own files and the run's other files are in it
    /// too.
    public var total: Figures
    /// The same by category.
    public var roles: [Category: Figures]
    /// Weights and both moments of the steps that are no keyframes. Its ratio is the chain ratio.
    public var chain: Figures
    /// Weights and both moments of the keyframes.
    public var keyframes: Figures
    /// Bytes on disk of forgotten steps, by number: those not pruned yet, and those that other steps still need. They
    /// are part of `total` if that has the archive's own files.
    public var forgotten: [Int: UInt64] = [:]
    /// Bytes on disk of versions of steps that were replaced and are not pruned, or that other steps still need, by
    /// number. They are part of `total` as well.
    public var replaced: [Int: UInt64] = [:]
}

extension Report.Figures {
    enum CodingKeys: String, CodingKey {
        case originalBytes, storedBytes, ratio, squaredError, relativeSquaredError, maxAbsoluteError, elementCount,
            prunedShare
    }

    /// Reads what `encode(to:)` wrote. `referenceEnergy` is not in it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        originalBytes = try container.decode(UInt64.self, forKey: .originalBytes)
        storedBytes = try container.decode(UInt64.self, forKey: .storedBytes)
        squaredError = try container.decode(Double.self, forKey: .squaredError)
        relativeSquaredError = try container.decode(Double.self, forKey: .relativeSquaredError)
        largestError = try container.decode(Double.self, forKey: .maxAbsoluteError)
        elementCount = try container.decode(UInt64.self, forKey: .elementCount)
        let share = try container.decode(Double.self, forKey: .prunedShare)
        prunedCount = UInt64((share * Double(elementCount)).rounded())
    }

    /// Writes the figures and the ratios that follow from them.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(originalBytes, forKey: .originalBytes)
        try container.encode(storedBytes, forKey: .storedBytes)
        try container.encode(ratio, forKey: .ratio)
        try container.encode(squaredError, forKey: .squaredError)
        try container.encode(relativeSquaredError, forKey: .relativeSquaredError)
        try container.encode(largestError, forKey: .maxAbsoluteError)
        try container.encode(elementCount, forKey: .elementCount)
        try container.encode(prunedShare, forKey: .prunedShare)
    }
}
