package import TensorCodecs

extension StepManifest {
    /// A parameter of a bundle: indices into `tensors`.
    package struct Member: Sendable, Hashable {
        package var weight: Int
        package var firstMoment: Int?
        package var secondMoment: Int?
    }

    /// The members of every bundle, in packing order.
    /// - Throws: `.corrupt` where a bundle has a gap, two weights in one place, or a moment without a weight.
    package func bundleMembers() throws(CodecError) -> [[Member]] {
        var weights = [[Int: Int]](repeating: [:], count: bundles.count)
        var moments: [Role: [[Int: Int]]] = [
            .firstMoment: [[Int: Int]](repeating: [:], count: bundles.count),
            .secondMoment: [[Int: Int]](repeating: [:], count: bundles.count),
        ]
        for (index, tensor) in tensors.enumerated() {
            guard case .excp(let bundle, let member) = tensor.coding else { continue }
            let old: Int?
            if tensor.role == .weight {
                old = weights[bundle].updateValue(index, forKey: member)
            } else {
                old = moments[tensor.role]?[bundle].updateValue(index, forKey: member)
            }
            guard old == nil else { throw CodecError(.corrupt, "two tensors claim one place of a bundle") }
        }
        var result: [[Member]] = []
        for bundle in bundles.indices {
            var members: [Member] = []
            for place in 0..<weights[bundle].count {
                guard let weight = weights[bundle][place] else {
                    throw CodecError(.corrupt, "bundle \(bundle) misses its member \(place)")
                }
                let member = Member(
                    weight: weight, firstMoment: moments[.firstMoment]?[bundle][place],
                    secondMoment: moments[.secondMoment]?[bundle][place])
                for moment in [member.firstMoment, member.secondMoment].compactMap({ $0 }) {
                    guard tensors[moment].count == tensors[weight].count else {
                        throw CodecError(.corrupt, "moment and weight of \(tensors[weight].name) differ in size")
                    }
                }
                members.append(member)
            }
            for role in [Role.firstMoment, .secondMoment] {
                for place in moments[role]?[bundle].keys ?? [:].keys where place >= members.count {
                    throw CodecError(.corrupt, "bundle \(bundle) has a moment without weight")
                }
            }
            result.append(members)
        }
        return result
    }
}
