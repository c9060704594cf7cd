import TensorFiles

/// What decoding some of a step takes: records of its own, and what other steps must give.
struct StepDependencies: Sendable {
    /// A weight whose chain starts on exact values: the exact moments beside those open its bases.
    struct Opening: Sendable, Hashable {
        var name: String
        var shape: [Int]
        var dtype: DType
    }

    var records = Set<StepRecord>()
    /// Restored tensors of the predecessor.
    var links = WantedTensors()
    /// Where the predecessor holds no state that fits, its moments.
    var openings = Set<Opening>()
    /// Restored tensors of other steps.
    var tensors: [Int: WantedTensors] = [:]
    /// Payload blocks, of this step or of earlier ones.
    var blocks = Set<PayloadLocation>()
}

extension OpenStep {
    /// With all tensors that are packed with them: `transform` decodes a quantized group whole, and a lossless group is
    /// one stream.
    func withCompanions(_ wanted: WantedTensors) -> WantedTensors {
        var result = wanted
        var quantizedGroups = Set<Int>(), losslessGroups = Set<Int>()
        let tensors = manifest.tensors
        for index in wanted.identities.compactMap(tensor) {
            switch tensors[index].coding {
            case .transform(let quantizedGroup, _, _), .copy(let quantizedGroup, _):
                guard quantizedGroups.insert(quantizedGroup).inserted else { continue }
                for member in members[quantizedGroup] { result.insert(tensors[member.weight].identity) }
            case .excp(let quantizedGroup, _) where tensors[index].role != .weight:
                guard quantizedGroups.insert(quantizedGroup).inserted else { continue }
                for member in members[quantizedGroup] { result.insert(tensors[member.weight].identity) }
            case .packed(let losslessGroup, _, _):
                guard losslessGroups.insert(losslessGroup).inserted else { continue }
                for member in self.losslessGroups[losslessGroup] { result.insert(tensors[member].identity) }
            default:
                continue
            }
        }
        return result
    }

    /// What restoring tensors of this step takes. Those that it does not have are left out.
    func dependencies(of wanted: WantedTensors) -> StepDependencies {
        var result = StepDependencies()
        let indices = withCompanions(wanted).identities.compactMap(tensor)
        for index in indices {
            let record = manifest.tensors[index]
            switch record.coding {
            case .state: result.records.insert(.tensor(index))
            case .packed(let losslessGroup, _, _): result.records.insert(.losslessGroup(losslessGroup))
            case .sameAs(let step): result.tensors[step, default: WantedTensors()].insert(record.identity)
            case .excp(let quantizedGroup, _), .copy(let quantizedGroup, _), .transform(let quantizedGroup, _, _):
                result.records.insert(.weights(quantizedGroup: quantizedGroup))
                if record.role != .weight, manifest.quantizedGroups[quantizedGroup].moments != nil {
                    result.records.insert(.moments(quantizedGroup: quantizedGroup))
                }
            case .unchanged: break
            }
            if case .transform(_, _, opens: false) = record.coding, record.role == .weight {
                result.openings.insert(.init(name: record.name, shape: record.shape, dtype: record.dtype))
            }
        }
        result.links = WantedTensors(of: indices, in: self)
        return result
    }

    /// What restoring a payload block of this step takes; `nil` where there is no such block.
    func dependencies(of location: PayloadLocation) -> StepDependencies? {
        guard manifest.entries.indices.contains(location.entry),
            manifest.entries[location.entry].payload.indices.contains(location.block)
        else { return nil }
        var result = StepDependencies()
        switch manifest.entries[location.entry].payload[location.block].content {
        case .constant: break
        case .elsewhere(let other): result.blocks.insert(other)
        case .record(_, let usesPrefix):
            result.records.insert(.block(entry: location.entry, block: location.block))
            guard usesPrefix else { break }
            guard case .step(let before, _) = manifest.predecessor,
                let prefix = manifest.entries[location.entry].prefixEntry
            else { return nil }
            result.blocks.insert(PayloadLocation(step: before, entry: prefix, block: location.block))
        }
        return result
    }

    /// The exact moments of this step that a chain starting on its weight looks at.
    func moments(for opening: StepDependencies.Opening) -> WantedTensors {
        var result = WantedTensors()
        if let weight = weight(opening.name), case .transform = manifest.tensors[weight].coding,
            manifest.tensors[weight].shape == opening.shape, manifest.tensors[weight].dtype == opening.dtype
        {
            return result
        }
        for role in [Role.firstMoment, .secondMoment] {
            guard let index = tensor(TensorIdentity(name: opening.name, role: role, key: "")),
                manifest.tensors[index].coding.isExact
            else { continue }
            result.insert(manifest.tensors[index].identity)
        }
        return result
    }

    /// The tensors that a step still has to give.
    /// - Parameter withMoments: `false` where its moments were forgotten.
    func ownTensors(withMoments: Bool) -> WantedTensors {
        WantedTensors(
            manifest.tensors.filter { withMoments || !manifest.isMoment($0) }.map(\.identity))
    }

}

extension StepManifest {
    /// Every payload block of the step.
    package var payloadBlocks: [PayloadLocation] {
        entries.enumerated().flatMap { entry in
            entry.element.payload.indices.map { PayloadLocation(step: number, entry: entry.offset, block: $0) }
        }
    }

    /// Whether a tensor goes with the moments of a step: the moments, and what is packed with them.
    package func isMoment(_ tensor: TensorRecord) -> Bool {
        switch tensor.role {
        case .firstMoment, .secondMoment: true
        case .weight: false
        // amsgrad's maximum, states on their own.
        case .other: tensor.coding.member != nil || tensor.coding.isState
        }
    }
}
