import ChainArchive

/// What units take in memory while they are worked on, in bytes an element of their tensors: upper bounds of what was
/// measured (`Docs/results.md`, memory).
enum UnitCost {
    static func encoding(_ unit: EncodingUnit, _ method: StepMethod) -> Int {
        switch unit {
        case .bundle(let parameters):
            switch method {
            case .transform: return parameters.reduce(0) { $0 + $1.count * 100 }
            case .excp: return parameters.reduce(0) { $0 + $1.count * 7 * size($1.tensors) }
            case .lossless: return parameters.reduce(0) { $0 + $1.count * 8 * size($1.tensors) }
            }
        case .pack(let tensors):
            return tensors.reduce(0) { $0 + $1.count * 8 * size([$1]) }
        case .payload(let payload):
            return payload.byteCount * 4
        }
    }

    /// Bytes of the largest element; measured was four of them, and smaller ones are held in no less.
    private static func size(_ tensors: [PlannedTensor]) -> Int {
        tensors.reduce(4) { max($0, ($1.dtype.bits + 7) / 8) }
    }

    /// The order in which threads are done at about the same time: no large unit is left for one of them at the end.
    static func largestFirst(_ units: [DecodingUnit], of step: OpenStep) -> [DecodingUnit] {
        units.map { ($0, decoding($0, of: step)) }.sorted { $0.1 > $1.1 }.map(\.0)
    }

    static func decoding(_ unit: DecodingUnit, of step: OpenStep) -> Int {
        let tensors = step.manifest.tensors
        switch unit {
        case .bundle(let bundle):
            return step.members[bundle].reduce(0) { $0 + tensors[$1.weight].count * 80 }
        case .pack(let pack):
            return step.packs[pack].reduce(0) { $0 + tensors[$1].count * 40 }
        case .tensors(let indices):
            return indices.reduce(0) { $0 + tensors[$1].count * 24 }
        }
    }
}

extension EncodingUnit {
    /// A tensor of it, for messages.
    var name: String? {
        switch self {
        case .bundle(let parameters): parameters.first?.weight.identity.name
        case .pack(let tensors): tensors.first?.identity.name
        case .payload: nil
        }
    }
}
