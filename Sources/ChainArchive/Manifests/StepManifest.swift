/// Everything a step's parts mean. Written last; its presence makes the step visible.
package struct StepManifest: Sendable {
    /// What the step's residuals and prefixes refer to.
    package enum Predecessor: Sendable, Hashable {
        /// A keyframe: nothing.
        case none
        /// An earlier step of the archive, bound by its `weightsDigest`.
        case step(Int, digest: Hash128)
        /// Weights kept outside of the archive. Each is bound by the hash of its bytes, in `baseHashes`.
        case base
    }

    package struct Part: Sendable, Hashable {
        package var name: String
        package var byteCount: UInt64
        package init(name: String, byteCount: UInt64) {
            self.name = name
            self.byteCount = byteCount
        }
    }

    package var number: Int
    package var isEpoch: Bool
    /// Relative to the run.
    package var path: String
    package var isDirectory: Bool
    /// The name of the method, for people, and for readers that look ahead to what the next step will build on.
    package var method: String
    package var predecessor: Predecessor
    package var parts: [Part]
    package var entries: [Entry]
    package var quantizedGroups: [QuantizedGroup]
    /// What `LosslessGroup` made of tensors together.
    package var losslessGroups: [RecordLocation]
    /// Sorted by entry and file offset; disjoint.
    package var tensors: [TensorRecord]
    /// Weight name to XXH3-128 of the base's bytes, for `.base`.
    package var baseHashes: [String: Hash128]
    /// Optimizer state path to parameter name, so that the next step need not guess again.
    package var pairs: [String: String]
    /// What was said about the step when it was compressed.
    package var notes: [String]
    /// What was forgotten of the step before records were taken out of its parts; `nil` where none were.
    package var pruned: ForgottenSteps.Extent?

    package init(
        number: Int, isEpoch: Bool, path: String, isDirectory: Bool, method: String, predecessor: Predecessor,
        parts: [Part] = [], entries: [Entry] = [], quantizedGroups: [QuantizedGroup] = [],
        losslessGroups: [RecordLocation] = [],
        tensors: [TensorRecord] = [], baseHashes: [String: Hash128] = [:], pairs: [String: String] = [:],
        notes: [String] = [], pruned: ForgottenSteps.Extent? = nil
    ) {
        self.number = number
        self.isEpoch = isEpoch
        self.path = path
        self.isDirectory = isDirectory
        self.method = method
        self.predecessor = predecessor
        self.parts = parts
        self.entries = entries
        self.quantizedGroups = quantizedGroups
        self.losslessGroups = losslessGroups
        self.tensors = tensors
        self.baseHashes = baseHashes
        self.pairs = pairs
        self.notes = notes
        self.pruned = pruned
    }

    package var isKeyframe: Bool {
        if case .step = predecessor { return false }
        return true
    }
}
