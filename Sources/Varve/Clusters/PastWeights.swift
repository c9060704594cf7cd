import ChainArchive
import Checkpoints
import FileSystem
import Synchronization

/// Weights of a step of the archive, decoded one by one as they are asked for. Where the checkpoint before is gone, this is
/// what proves which state belongs to which weight.
final class PastWeights: PreviousWeights {
    private let decoder: ChainDecoder
    private let step: OpenStep
    private let store: ScratchStore
    private let done = Mutex<Set<DecodingUnit>>([])

    init(_ decoder: ChainDecoder, _ step: OpenStep, store: ScratchStore) {
        (self.decoder, self.step, self.store) = (decoder, step, store)
    }

    func sample(_ name: String, elementCount: Int, runs: [Range<Int>]) throws(VarveError) -> [Float]? {
        if !store.contains(.tensor(.weight(name))), let unit = unit(of: name),
            done.withLock({ $0.insert(unit).inserted })
        {
            _ = try decoder.decodeUnit(unit, of: step.manifest.number, onlyWeights: true, keeping: store)
        }
        return try StoredWeights(step: step, store: store).sample(name, elementCount: elementCount, runs: runs)
    }

    func prefetch(_ name: String, elementCount: Int, runs: [Range<Int>]) {}

    private func unit(of name: String) -> DecodingUnit? {
        guard let index = step.weight(name) else { return nil }
        let coding = step.manifest.tensors[index].coding
        if let member = coding.member { return .quantizedGroup(member.quantizedGroup) }
        if case .packed(let group, _, _) = coding { return .losslessGroup(group) }
        return .tensors([index])
    }
}
