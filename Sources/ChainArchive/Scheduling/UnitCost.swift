import TensorFiles
import TensorCodecs

/// What units take in memory while they are worked on: upper bounds of what was measured, at most half as much again
/// (`Docs/results.md`, memory).
package enum UnitCost {
    package static func encoding(_ unit: EncodingUnit, _ method: StepMethod) -> Int {
        switch unit {
        case .quantizedGroup(let parameters):
            switch method {
            case .transform:
                return parameters.reduce(0) { $0 + transforming($1) } + tiles(parameters.map { $0.weight.shape })
            case .excp:
                return parameters.reduce(0) { $0 + $1.count * ($1.hasMoments ? 45 : 30) * size($1.tensors) / 4 }
            case .lossless: return parameters.reduce(0) { $0 + $1.count * 4 * size($1.tensors) }
            }
        case .losslessGroup(let tensors):
            return tensors.reduce(0) { $0 + $1.count * 4 * size([$1]) } + quantizing(tensors, method)
        case .payload(let payload):
            return payload.byteCount * 4
        }
    }

    /// Bytes of what quantizing the largest state on its own takes beside what storing it exactly does, which it may come to.
    private static func quantizing(_ tensors: [PlannedTensor], _ method: StepMethod) -> Int {
        guard case .transform = method else { return 0 }
        return 12 * (tensors.filter { $0.need != nil }.map(\.count).max() ?? 0)
    }

    /// Bytes of what a transform holds of a whole parameter, beside the tile that it works on.
    private static func transforming(_ parameter: PlannedParameter) -> Int {
        let isVector = MatrixForm(parameter.weight.shape).isVector
        return parameter.count * (parameter.hasMoments ? isVector ? 104 : 68 : isVector ? 42 : 34)
    }

    /// Bytes for the tile that a transform works on: doubles, and bases.
    private static func tiles(_ shapes: [[Int]]) -> Int {
        let elements = shapes.filter { !MatrixForm($0).isVector }.map { $0.reduce(1, *) }.max() ?? 0
        return min(elements, MatrixForm.largestTile) * 20
    }

    /// Bytes of the largest element; measured was four of them, and smaller ones are held in no less.
    private static func size(_ tensors: [PlannedTensor]) -> Int {
        tensors.reduce(4) { max($0, ($1.dtype.bits + 7) / 8) }
    }

    /// The order in which threads are done at about the same time: no large unit is left for one of them at the end.
    package static func largestFirst(_ units: [DecodingUnit], of step: OpenStep) -> [DecodingUnit] {
        units.map { ($0, decoding($0, of: step)) }.sorted { $0.1 > $1.1 }.map(\.0)
    }

    /// - Parameter isKept: whether what is restored is kept for the next step as well.
    package static func decoding(_ unit: DecodingUnit, of step: OpenStep, isKept: Bool = false) -> Int {
        let tensors = step.manifest.tensors
        switch unit {
        case .quantizedGroup(let quantizedGroup):
            guard step.manifest.quantizedGroups[quantizedGroup].method == .transform else {
                return step.members[quantizedGroup].reduce(0) {
                    $0 + tensors[$1.weight].count * (($1.firstMoment ?? $1.secondMoment) == nil ? 14 : 28)
                }
            }
            return step.members[quantizedGroup].reduce(0) { $0 + restoring($1, tensors, isKept: isKept) }
        case .losslessGroup(let losslessGroup):
            return step.losslessGroups[losslessGroup].reduce(0) { $0 + tensors[$1].count * 18 }
        case .tensors(let indices):
            return indices.reduce(0) { $0 + tensors[$1].count * 24 }
        }
    }

    /// Decoding for a look at it alone, with the original beside it where there is one to compare with.
    package static func verifying(_ unit: DecodingUnit, of step: OpenStep, comparing: Bool) -> Int {
        let decoding = decoding(unit, of: step, isKept: true)
        guard comparing else { return decoding }
        let tensors =
            switch unit {
            case .quantizedGroup(let group): step.members[group].flatMap { [$0.weight] + $0.followers }
            case .losslessGroup(let group): step.losslessGroups[group]
            case .tensors(let indices): indices
            }
        return decoding + (tensors.map { step.manifest.tensors[$0].byteCount }.max() ?? 0)
    }

    private static func restoring(_ member: StepManifest.Member, _ tensors: [TensorRecord], isKept: Bool) -> Int {
        let record = tensors[member.weight]
        let isHeavy = MatrixForm(record.shape).isVector && (member.firstMoment ?? member.secondMoment) != nil
        return record.count * ((isHeavy ? 50 : 31) + (isKept ? 22 : 0))
    }
}

extension EncodingUnit {
    /// A tensor of it, for messages.
    package var name: String? {
        switch self {
        case .quantizedGroup(let parameters): parameters.first?.weight.identity.name
        case .losslessGroup(let tensors): tensors.first?.identity.name
        case .payload: nil
        }
    }
}
