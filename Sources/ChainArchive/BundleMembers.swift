package import TensorCodecs

extension StepManifest {
    /// A parameter of a bundle: indices into `tensors`.
    package struct Member: Sendable, Hashable {
        package var weight: Int
        package var firstMoment: Int?
        package var secondMoment: Int?
        /// amsgrad's maximum of the second moments.
        package var maximum: Int?
        /// A half-precision copy of the weight.
        package var copy: Int?

        var moments: [Int] { [firstMoment, secondMoment, maximum, copy].compactMap { $0 } }
    }

    /// The members of every bundle, in packing order.
    /// - Throws: `.corrupt` where a bundle has a gap, two weights in one place, or a moment without a weight.
    package func bundleMembers() throws(CodecError) -> [[Member]] {
        var places = [[Role: [Int: Int]]](repeating: [:], count: bundles.count)
        var copies = [[Int: Int]](repeating: [:], count: bundles.count)
        for (index, tensor) in tensors.enumerated() {
            guard let member = tensor.coding.member else { continue }
            if case .copy = tensor.coding {
                guard tensor.role == .weight, !tensor.key.isEmpty,
                    copies[member.bundle].updateValue(index, forKey: member.index) == nil
                else {
                    throw CodecError(.corrupt, "two tensors claim one place of a bundle")
                }
                continue
            }
            let old = places[member.bundle][tensor.role, default: [:]].updateValue(index, forKey: member.index)
            guard old == nil else { throw CodecError(.corrupt, "two tensors claim one place of a bundle") }
        }
        var result: [[Member]] = []
        for (bundle, roles) in places.enumerated() {
            let weights = roles[.weight] ?? [:]
            var members: [Member] = []
            for place in 0..<weights.count {
                guard let weight = weights[place] else {
                    throw CodecError(.corrupt, "bundle \(bundle) misses its member \(place)")
                }
                let member = Member(
                    weight: weight, firstMoment: roles[.firstMoment]?[place],
                    secondMoment: roles[.secondMoment]?[place],
                    maximum: roles[.other]?[place], copy: copies[bundle][place])
                guard member.maximum == nil || member.secondMoment != nil else {
                    throw CodecError(.corrupt, "a maximum of second moments that are not there")
                }
                for moment in member.moments {
                    guard tensors[moment].count == tensors[weight].count else {
                        throw CodecError(.corrupt, "moment and weight of \(tensors[weight].name) differ in size")
                    }
                }
                members.append(member)
            }
            for places in [roles[.firstMoment], roles[.secondMoment], roles[.other], copies[bundle]] {
                for place in places?.keys ?? [:].keys where place >= members.count {
                    throw CodecError(.corrupt, "bundle \(bundle) has a moment or a copy without weight")
                }
            }
            result.append(members)
        }
        return result
    }
}
