package import TensorCodecs

extension StepManifest {
    /// The tensors of every pack, indices into `tensors`, in the pack's order.
    /// - Throws: `.corrupt` where a pack has a gap, two tensors in one place or none at all, or a tensor refers to
    ///   predecessors that the step does not have.
    package func packMembers() throws(CodecError) -> [[Int]] {
        var places = [[(place: Int, tensor: Int)]](repeating: [], count: packs.count)
        for (index, tensor) in tensors.enumerated() {
            guard case .packed(let pack, let place, let depth) = tensor.coding else { continue }
            guard packs.indices.contains(pack) else {
                throw CodecError(.corrupt, "tensor \(tensor.name) refers to no pack")
            }
            guard depth <= deepest(tensor) else {
                throw CodecError(.corrupt, "tensor \(tensor.name) builds on predecessors that are not there")
            }
            places[pack].append((place, index))
        }
        var result: [[Int]] = []
        for (pack, members) in places.enumerated() {
            let ordered = members.sorted { $0.place < $1.place }
            guard !ordered.isEmpty, ordered.map(\.place).elementsEqual(ordered.indices) else {
                throw CodecError(.corrupt, "the tensors of pack \(pack) do not add up")
            }
            result.append(ordered.map(\.tensor))
        }
        return result
    }

    /// The most predecessors that a tensor of this step can be coded against.
    private func deepest(_ tensor: TensorRecord) -> Int {
        switch predecessor {
        case .none: 0
        case .base: tensor.identity.isWeight ? 1 : 0
        case .step: 2
        }
    }
}
