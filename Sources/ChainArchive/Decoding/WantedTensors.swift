/// What a step's decoding asks of the step before.
struct WantedTensors: Sendable {
    private(set) var identities: [TensorIdentity] = []
    /// Those of which the bytes of one more step back are wanted as well.
    private(set) var earlier = Set<TensorIdentity>()
    private var seen = Set<TensorIdentity>()

    init() {}

    init(_ identities: [TensorIdentity]) {
        for identity in identities { insert(identity) }
    }

    /// What tensors of a step need.
    init(of indices: [Int], in step: OpenStep) {
        for index in indices where step.needsPredecessor(index) {
            let record = step.manifest.tensors[index]
            insert(record.identity)
            if case .packed(_, _, 2) = record.coding { earlier.insert(record.identity) }
        }
    }

    var isEmpty: Bool { identities.isEmpty }

    mutating func insert(_ identity: TensorIdentity) {
        if seen.insert(identity).inserted { identities.append(identity) }
    }

    mutating func formUnion(_ other: WantedTensors) {
        for identity in other.identities { insert(identity) }
        earlier.formUnion(other.earlier)
    }

    /// Whether a store has all of it.
    func isKept(in store: ScratchStore) -> Bool {
        identities.allSatisfy { store.contains(.tensor($0)) } && earlier.allSatisfy { store.contains(.earlier($0)) }
    }
}
