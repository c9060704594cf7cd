package import TensorCodecs
import TensorFiles

extension StepManifest {
    /// A parameter of a quantized group: indices into `tensors`.
    package struct Member: Sendable, Hashable {
        package var weight: Int
        package var firstMoment: Int?
        package var secondMoment: Int?
        /// amsgrad's maximum of the second moments.
        package var maximum: Int?
        /// The weight under other names or in other types, in the order of the tensors.
        package var copies: [Int] = []

        package var followers: [Int] { [firstMoment, secondMoment, maximum].compactMap { $0 } + copies }
    }

    /// The members of every quantized group, in packing order.
    /// - Throws: `.corrupt` where a quantized group has a gap, two weights at one position, or a moment without a
    ///   weight.
    package func quantizedGroupMembers() throws(CodecError) -> [[Member]] {
        var positions = [[Role: [Int: Int]]](repeating: [:], count: quantizedGroups.count)
        var copies = [[Int: [Int]]](repeating: [:], count: quantizedGroups.count)
        for (index, tensor) in tensors.enumerated() {
            guard let member = tensor.coding.member else { continue }
            if case .copy = tensor.coding {
                guard tensor.role == .weight, !tensor.key.isEmpty else {
                    throw CodecError(.corrupt, "a copy of a weight that is called as a weight")
                }
                copies[member.quantizedGroup][member.index, default: []].append(index)
                continue
            }
            let old = positions[member.quantizedGroup][tensor.role, default: [:]].updateValue(
                index, forKey: member.index)
            guard old == nil else { throw CodecError(.corrupt, "two tensors claim one position of a quantized group") }
        }
        var result: [[Member]] = []
        for (quantizedGroup, roles) in positions.enumerated() {
            let weights = roles[.weight] ?? [:]
            var members: [Member] = []
            for position in 0..<weights.count {
                guard let weight = weights[position] else {
                    throw CodecError(.corrupt, "quantized group \(quantizedGroup) misses its member \(position)")
                }
                let member = Member(
                    weight: weight, firstMoment: roles[.firstMoment]?[position],
                    secondMoment: roles[.secondMoment]?[position],
                    maximum: roles[.other]?[position], copies: copies[quantizedGroup][position] ?? [])
                guard member.maximum == nil || member.secondMoment != nil else {
                    throw CodecError(.corrupt, "a maximum of second moments that are not there")
                }
                for moment in member.followers {
                    guard tensors[moment].count == tensors[weight].count else {
                        throw CodecError(.corrupt, "moment and weight of \(tensors[weight].name) differ in size")
                    }
                }
                members.append(member)
            }
            let positions =
                [Role.firstMoment, .secondMoment, .other].flatMap { (roles[$0] ?? [:]).keys }
                + copies[quantizedGroup].keys
            guard positions.allSatisfy({ $0 < members.count }) else {
                throw CodecError(.corrupt, "quantized group \(quantizedGroup) has a moment or a copy without weight")
            }
            result.append(members)
        }
        return result
    }

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
