import FileSystem

/// What an archive holds and what it cost, step by step.
public struct Report: Sendable {
    /// Bytes and errors of one role, or of everything.
    public struct Figures: Sendable, Codable, Hashable {
        /// Bytes in the checkpoint.
        public var originalBytes: UInt64 = 0
        /// Bytes in the archive.
        public var storedBytes: UInt64 = 0
        /// Sum over elements of (restored - original)^2.
        public var squaredError: Double = 0
        /// What the squared error is compared with: of weights the squared change since the step before, of moments
        /// the sum of squares.
        public var referenceEnergy: Double = 0
        /// `squaredError` / `referenceEnergy`; 0 where nothing was lost.
        public var relativeSquaredError: Double = 0
        /// Elements, and those restored as "no change" (weights) or zero (moments).
        public var elementCount: UInt64 = 0
        public var prunedCount: UInt64 = 0
        /// Largest |restored - original|.
        public var largestError: Double = 0

        /// Original bytes over stored bytes; 0 where nothing is stored.
        public var ratio: Double { storedBytes == 0 ? 0 : Double(originalBytes) / Double(storedBytes) }
        public var prunedShare: Double { elementCount == 0 ? 0 : Double(prunedCount) / Double(elementCount) }

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
        public var name: String
        public var role: String
        public var key: String
        public var dtype: String
        public var shape: [Int]
        /// Path in the run.
        public var file: String
        /// `exact`, `unchanged`, `excp`...
        public var coding: String
        public var isExact: Bool
        /// How optimizer state was tied to the weight: `named`, `order`, `data`, `inherited`, `ambiguous`, `none`.
        public var pairing: String
        public var figures: Figures
    }

    /// One file of a step: payload and tensors together.
    public struct File: Sendable {
        public var path: String
        public var figures: Figures
        public var payloadBytes: UInt64
        public var storedPayloadBytes: UInt64
    }

    /// One step.
    public struct Step: Sendable {
        public var number: Int
        public var path: String
        public var isKeyframe: Bool
        public var method: String
        /// Everything on disk for it, manifest and container included.
        public var total: Figures
        /// By role name; `payload` holds whatever is no tensor record, manifest and part headers included.
        public var roles: [String: Figures]
        public var tensors: [Tensor]
        public var files: [File]
        public var notes: [String]
        /// How much of the change since the step before and since the chain began is there.
        public var kept: KeptChange
        /// No rule forgets it.
        public var isPinned: Bool
        /// Its moments were forgotten: only its model can be restored, and no figure here has them.
        public var lacksMoments: Bool
    }

    public var steps: [Step]
    /// Over the reported steps, and where those are all steps, the archive's own files and the run's other files.
    public var total: Figures
    /// By role, over the reported steps.
    public var roles: [String: Figures]
    /// Weights and both moments of the steps that are no keyframes: the chain ratio.
    public var chain: Figures
    /// Weights and both moments of the keyframes.
    public var keyframes: Figures
    /// Bytes on disk of steps that were forgotten: not pruned yet, or still needed by others. Part of `total`, where
    /// that has the archive's own files.
    public var forgotten: [Int: UInt64] = [:]
}

extension Report.Figures {
    enum CodingKeys: String, CodingKey {
        case originalBytes, storedBytes, ratio, squaredError, relativeSquaredError, maxAbsoluteError, elementCount,
            prunedShare
    }

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
