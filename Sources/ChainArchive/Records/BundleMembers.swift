import TensorFiles
package import TensorCodecs

extension StepManifest {
    /// A parameter of a bundle: indices into `tensors`.
    package struct Member: Sendable, Hashable {
        package var weight: Int
        package var firstMoment: Int?
        package var secondMoment: Int?
        /// amsgrad's maximum of the second moments.
        package var maximum: Int?
        /// The weight under other names or in other types, in the order of the tensors.
        package var copies: [Int] = []

        var followers: [Int] { [firstMoment, secondMoment, maximum].compactMap { $0 } + copies }
    }

    /// The members of every bundle, in packing order.
    /// - Throws: `.corrupt` where a bundle has a gap, two weights in one place, or a moment without a weight.
    package func bundleMembers() throws(CodecError) -> [[Member]] {
        var places = [[Role: [Int: Int]]](repeating: [:], count: bundles.count)
        var copies = [[Int: [Int]]](repeating: [:], count: bundles.count)
        for (index, tensor) in tensors.enumerated() {
            guard let member = tensor.coding.member else { continue }
            if case .copy = tensor.coding {
                guard tensor.role == .weight, !tensor.key.isEmpty else {
                    throw CodecError(.corrupt, "a copy of a weight that is called as a weight")
                }
                copies[member.bundle][member.index, default: []].append(index)
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
                    maximum: roles[.other]?[place], copies: copies[bundle][place] ?? [])
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
            let places =
                [Role.firstMoment, .secondMoment, .other].flatMap { (roles[$0] ?? [:]).keys } + copies[bundle].keys
            guard places.allSatisfy({ $0 < members.count }) else {
                throw CodecError(.corrupt, "bundle \(bundle) has a moment or a copy without weight")
            }
            result.append(members)
        }
        return result
    }

    /// Whether copies are as only readers of version 6 take them: several of one weight, under `excp`, of float64 in float64.
    var hasFreeCopies: Bool {
        var seen = Set<[Int]>(), wide = Set<[Int]>()
        for tensor in tensors {
            guard let member = tensor.coding.member, tensor.dtype == .f64, tensor.identity.isWeight else { continue }
            wide.insert([member.bundle, member.index])
        }
        for tensor in tensors {
            guard case .copy(let bundle, let index) = tensor.coding, bundles.indices.contains(bundle) else { continue }
            let place = [bundle, index]
            if !seen.insert(place).inserted || bundles[bundle].method == .excp { return true }
            if tensor.dtype == .f64, wide.contains(place) { return true }
        }
        return false
    }
}
