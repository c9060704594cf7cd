import ChainArchive
import TensorFiles

extension StepManifest {
    /// What is decoded to have these tensors.
    func decodingUnits(of needed: Set<Int>) -> [DecodingUnit] {
        var quantizedGroups = Set<Int>(), losslessGroups = Set<Int>()
        for index in needed {
            if let member = tensors[index].coding.member { quantizedGroups.insert(member.quantizedGroup) }
            if case .packed(let group, _, _) = tensors[index].coding { losslessGroups.insert(group) }
        }
        return decodingUnits().compactMap { unit in
            switch unit {
            case .quantizedGroup(let group): return quantizedGroups.contains(group) ? unit : nil
            case .losslessGroup(let group): return losslessGroups.contains(group) ? unit : nil
            case .tensors(let indices):
                let own = indices.filter { needed.contains($0) }
                return own.isEmpty ? nil : .tensors(own)
            }
        }
    }
}

extension OpenStep {
    /// The tensors that a unit restores.
    func tensors(of unit: DecodingUnit) -> [Int] {
        switch unit {
        case .quantizedGroup(let group): members[group].flatMap { [$0.weight] + $0.followers }
        case .losslessGroup(let group): losslessGroups[group]
        case .tensors(let indices): indices
        }
    }

    /// Whether no moment of a unit is among the tensors that are needed.
    func needsOnlyWeights(_ needed: Set<Int>, of unit: DecodingUnit) -> Bool {
        tensors(of: unit).allSatisfy { !needed.contains($0) || manifest.tensors[$0].role == .weight }
    }
}
