import TensorCodecs

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

    /// Binds a successor to this step: XXH3-128 over name and content hash of every weight (its copies left out), in order of name.
    ///
    /// It covers the weights that later steps build on and nothing else. Moments that a lossless step builds on are bound by
    /// the content hashes of what is made of them.
    package var weightsDigest: Hash128 {
        var writer = ByteWriter()
        for tensor in tensors.filter({ $0.role == .weight && $0.key.isEmpty }).sorted(by: {
            $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
        }) {
            writer.append(string: tensor.name)
            writer.append(littleEndian: tensor.contentHash.low)
            writer.append(littleEndian: tensor.contentHash.high)
        }
        return Hash128(writer.bytes)
    }

    /// Pieces of tensors that lie in more than one, at most.
    package static let mostPieces = 1 << 22

    /// Whether every byte of the original comes back.
    package var isExact: Bool { tensors.allSatisfy(\.isOriginal) }

    /// Whether it was taken again from values that are not all the original's.
    package var isRebased: Bool { tensors.contains { $0.statistics.range != nil } }

    /// The step as one that has no moments, for what shall not build on them. It cannot be decoded.
    package var withoutMoments: StepManifest {
        var copy = self
        copy.tensors.removeAll(where: isMoment)
        return copy
    }

    /// The name of the method whose steps build on all of the step before.
    package static let losslessMethod = "lossless"

    /// What a reader that goes on to the next step should keep of this one.
    package var keptContents: ScratchStore.Contents { method == Self.losslessMethod ? .everything : .weights }

    /// Whether it refers to a version of a step that was replaced. In a new manifest its number would mean another one.
    var namesReplaced: Bool {
        var found = false
        var copy = self
        copy.number = 0
        copy.renumber {
            found = found || StepVersion.isReplaced($0)
            return $0
        }
        return found
    }

    /// Replaces the number of every step that the manifest names, its own included.
    mutating func renumber(_ key: (Int) -> Int) {
        number = key(number)
        if case .step(let before, let digest) = predecessor { predecessor = .step(key(before), digest: digest) }
        for index in tensors.indices {
            if case .sameAs(let step) = tensors[index].coding { tensors[index].coding = .sameAs(step: key(step)) }
        }
        for entry in entries.indices {
            for block in entries[entry].payload.indices {
                guard case .elsewhere(var location) = entries[entry].payload[block].content else { continue }
                location.step = key(location.step)
                entries[entry].payload[block].content = .elsewhere(location)
            }
        }
    }
}
