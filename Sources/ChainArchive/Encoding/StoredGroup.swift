import TensorCodecs
package import FileSystem

/// A quantized group of method `excp` that is taken over from a version of the step as it is.
///
/// Its residuals refer to nothing but the restored weights of the step before, and its moments to nothing at all. Where the new
/// version builds on the same weights, the same records restore the same bytes.
package struct StoredGroup: StoredUnit {
    private let step: OpenStep
    private let number: Int

    package init(_ number: Int, of step: OpenStep) {
        self.number = number
        self.step = step
    }

    /// Whether it restores the same on top of `predecessor`.
    package static func fits(_ number: Int, of step: OpenStep, on predecessor: OpenStep, before: OpenStep) -> Bool {
        guard step.manifest.quantizedGroups[number].method == .excp else { return false }
        return step.members[number].allSatisfy { member in
            let name = step.manifest.tensors[member.weight].name
            guard let old = before.weight(name), let new = predecessor.weight(name) else { return false }
            return before.manifest.tensors[old].contentHash == predecessor.manifest.tensors[new].contentHash
        }
    }

    package func unit() throws(VarveError) -> EncodedUnit {
        var result = EncodedUnit()
        let group = step.manifest.quantizedGroups[number]
        result.dropsMoments = group.moments?.isDropped == true
        let weights = result.add(try step.read(group.weights))
        var moments: Int?
        if let location = group.moments, !location.isDropped { moments = result.add(try step.read(location)) }
        result.quantizedGroup = (settings: group.settings, weights: weights, moments: moments)
        for (position, member) in step.members[number].enumerated() {
            for index in [member.weight] + member.followers {
                var record = step.manifest.tensors[index]
                record.coding =
                    member.copies.contains(index)
                    ? .copy(quantizedGroup: 0, index: position) : .excp(quantizedGroup: 0, index: position)
                record.statistics.rebased = ErrorMeasure()
                result.tensors.append(record)
                result.sourceBytes += record.byteCount
            }
        }
        return result
    }
}
