import ChainArchive

/// What units take in memory while they are worked on, in bytes an element of their tensors: upper bounds of what was
/// measured (`Docs/results.md`, memory).
enum UnitCost {
    static func encoding(_ unit: EncodingUnit, _ method: StepMethod) -> Int {
        switch unit {
        case .bundle(let parameters):
            let count = parameters.reduce(0) { $0 + $1.count }
            switch method {
            case .transform: return count * 100
            case .excp: return count * 28
            case .lossless: return count * 32
            }
        case .pack(let tensors):
            return tensors.reduce(0) { $0 + $1.shape.reduce(1, *) * 32 }
        case .payload(let payload):
            return payload.byteCount * 4
        }
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
