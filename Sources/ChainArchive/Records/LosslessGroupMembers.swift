package import TensorCodecs

extension StepManifest {
    /// The tensors of every lossless group, indices into `tensors`, in the lossless group's order.
    /// - Throws: `.corrupt` where a lossless group has a gap, two tensors at one position or none at all, or a tensor
    ///   refers to predecessors that the step does not have.
    package func losslessGroupMembers() throws(CodecError) -> [[Int]] {
        var positions = [[(position: Int, tensor: Int)]](repeating: [], count: losslessGroups.count)
        for (index, tensor) in tensors.enumerated() {
            guard case .packed(let losslessGroup, let position, let depth) = tensor.coding else { continue }
            guard losslessGroups.indices.contains(losslessGroup) else {
                throw CodecError(.corrupt, "tensor \(tensor.name) refers to no lossless group")
            }
            guard depth <= deepest(tensor) else {
                throw CodecError(.corrupt, "tensor \(tensor.name) builds on predecessors that are not there")
            }
            positions[losslessGroup].append((position, index))
        }
        var result: [[Int]] = []
        for (losslessGroup, members) in positions.enumerated() {
            let ordered = members.sorted { $0.position < $1.position }
            guard !ordered.isEmpty, ordered.map(\.position).elementsEqual(ordered.indices) else {
                throw CodecError(.corrupt, "the tensors of lossless group \(losslessGroup) do not add up")
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
