import FileSystem
import TensorCodecs

/// A tensor as the next step finds it: its restored bytes, and its position in a chain of method `transform`.
struct ChainLink: Sendable {
    private var known: [UInt8]?
    /// `nil` where it was not coded by `transform`.
    let state: TransformState?
    /// Its bytes in the step before, where its coding has those in it (`reachesBack`).
    let earlier: [UInt8]?

    init(bytes: [UInt8], state: TransformState? = nil, earlier: [UInt8]? = nil) {
        known = bytes
        self.state = state
        self.earlier = earlier
    }

    /// The bytes follow from the state, once they are asked for: steps in the middle of a chain need none.
    init(state: TransformState) {
        known = nil
        self.state = state
        earlier = nil
    }

    /// Restored bytes.
    func bytes() throws(CodecError) -> [UInt8] {
        if let known { return known }
        return try state?.weight() ?? []
    }
}

/// The replay: tensors of a step from everything that they build on.
extension ChainDecoder {
    /// Restored tensors of the step before `step`, of those that it takes from there.
    func previousLinks(
        _ wanted: WantedTensors, of step: OpenStep
    ) throws(VarveError) -> [TensorIdentity: ChainLink] {
        guard !wanted.isEmpty, let previous = try predecessor(of: step) else { return [:] }
        return try links(wanted, at: previous.manifest.number)
    }

    /// Restored tensors of a step; every one must be there, as something to build on.
    func links(_ wanted: WantedTensors, at number: Int) throws(VarveError) -> [TensorIdentity: ChainLink] {
        var levels: [(step: OpenStep, wanted: WantedTensors)] = []
        var current = try step(number)
        var wanted = wanted
        var restored: [TensorIdentity: ChainLink] = [:]
        // Back along the chain until nothing depends on an earlier step.
        while true {
            try check(wanted, of: current)
            if let store = store(for: current.manifest.number), wanted.isKept(in: store) {
                restored = try kept(wanted, of: current, in: store)
                break
            }
            wanted = current.withCompanions(wanted)
            levels.append((current, wanted))
            let needed = WantedTensors(of: wanted.identities.compactMap(current.tensor), in: current)
            if needed.isEmpty { break }
            guard let previous = try predecessor(of: current) else {
                guard case .base = current.manifest.predecessor else {
                    throw VarveError(.damaged, "a residual without predecessor", file: current.manifestPath)
                }
                break
            }
            // Each step may be visited once: a chain in a circle would never end.
            guard !levels.contains(where: { $0.step.manifest.number == previous.manifest.number }) else {
                throw VarveError(.damaged, "the chain runs in a circle", file: current.manifestPath)
            }
            current = previous
            wanted = needed
        }
        // Forward again.
        while let level = levels.popLast() {
            restored = try decodeLinks(level.wanted, of: level.step, previous: restored)
        }
        return restored
    }

    /// - Throws: `.damaged` where something is missing or is nothing to build on.
    private func check(_ wanted: WantedTensors, of step: OpenStep) throws(VarveError) {
        for identity in wanted.identities {
            guard let index = step.tensor(identity) else {
                throw VarveError(
                    .damaged, "a \(identity.role.name) that a later step builds on is missing", file: step.manifestPath,
                    tensor: identity.name)
            }
            let coding = step.manifest.tensors[index].coding
            let isUsable =
                switch coding {
                // What refers to yet another step is no predecessor, so a replay never branches.
                case .sameAs, .copy, .state: false
                case .excp, .transform: identity.isWeight
                case .unchanged, .packed: true
                }
            // Two steps back goes only through what has the first of them in it.
            guard isUsable, coding.reachesBack || !wanted.earlier.contains(identity) else {
                throw VarveError(
                    .damaged, "a later step builds on what cannot be built on", file: step.manifestPath,
                    tensor: identity.name)
            }
        }
    }

    /// Tensors that an earlier call left in a store.
    private func kept(
        _ wanted: WantedTensors, of step: OpenStep, in store: ScratchStore
    ) throws(VarveError) -> [TensorIdentity: ChainLink] {
        var result: [TensorIdentity: ChainLink] = [:]
        for identity in wanted.identities {
            var state: TransformState?
            if identity.isWeight, let index = step.tensor(identity),
                let format = step.manifest.tensors[index].dtype.floatFormat
            {
                state = try store.state(
                    of: identity.name, form: MatrixForm(step.manifest.tensors[index].shape), format: format)
            }
            // What is not in the state follows from it at a price.
            let kept = if let weight = state?.weightAtBase { weight } else { try store.get(.tensor(identity)) }
            guard let bytes = kept else { continue }
            let earlier = wanted.earlier.contains(identity) ? try store.get(.earlier(identity)) : nil
            result[identity] = ChainLink(bytes: bytes, state: state, earlier: earlier)
        }
        return result
    }

    /// Decodes tensors of one step from the restored tensors of its predecessor.
    func decodeLinks(
        _ wanted: WantedTensors, of step: OpenStep, previous: [TensorIdentity: ChainLink]
    ) throws(VarveError) -> [TensorIdentity: ChainLink] {
        var result: [TensorIdentity: ChainLink] = [:]
        var unpacked: (quantizedGroup: Int, tensors: [ExcpRole])?
        for identity in wanted.identities where result[identity] == nil {
            guard let index = step.tensor(identity) else { continue }
            let record = step.manifest.tensors[index]
            switch record.coding {
            case .transform(let quantizedGroup, _, _):
                let chain = try decodeChain(quantizedGroup, of: step, previous: previous)
                for (member, state) in zip(step.members[quantizedGroup], chain.states) {
                    result[step.manifest.tensors[member.weight].identity] = ChainLink(state: state)
                }
            case .packed(let losslessGroup, _, _):
                for (member, link) in zip(
                    step.losslessGroups[losslessGroup],
                    try decodeLosslessGroup(losslessGroup, of: step, previous: previous))
                {
                    result[step.manifest.tensors[member].identity] = link
                }
            case .excp(let quantizedGroup, let member):
                let before = try predecessorBytes(record, of: step, previous: previous)
                if unpacked?.quantizedGroup != quantizedGroup {
                    unpacked = (quantizedGroup, try step.unpackWeights(quantizedGroup))
                }
                guard let tensor = unpacked?.tensors[member] else { continue }
                result[identity] = ChainLink(bytes: try step.restoreWeight(record, tensor, previous: before))
            default:
                let before =
                    step.needsPredecessor(index) ? try predecessorBytes(record, of: step, previous: previous) : nil
                result[identity] = ChainLink(
                    bytes: try step.decodeAlone(record, previous: before),
                    earlier: record.coding.reachesBack ? before : nil)
            }
        }
        return result
    }

    /// The restored predecessor of a tensor, from the chain or from the base.
    func predecessorBytes(
        _ record: TensorRecord, of step: OpenStep, previous: [TensorIdentity: ChainLink]
    ) throws(VarveError) -> [UInt8] {
        var bytes: [UInt8]?
        do throws(CodecError) {
            bytes = try previous[record.identity]?.bytes()
        } catch {
            throw VarveError(
                .damaged, "the predecessor does not decode", file: step.manifestPath, tensor: record.name, cause: error)
        }
        if bytes == nil, case .base = step.manifest.predecessor, record.identity.isWeight {
            bytes = try baseBytes(record.name, of: step)
        }
        guard let bytes, bytes.count == record.byteCount else {
            throw VarveError(
                .damaged, "the predecessor of a residual is missing or of another size", file: step.manifestPath,
                tensor: record.name)
        }
        return bytes
    }
}
