import ChainArchive
import TensorCodecs
import FileSystem
import TensorFiles

extension VerificationResult {
    /// How much of all checked steps a sample decoded.
    public struct Coverage: Sendable, Codable {
        /// The seed that chose the sample.
        public var seed: UInt64
        /// The number of tensors that were decoded.
        public var tensors = 0
        /// The number of all tensors.
        public var ofTensors = 0
        /// Bytes that were decoded, tensors and payload, as they are in the checkpoint.
        public var bytes: UInt64 = 0
        /// All bytes of tensors and payload.
        public var ofBytes: UInt64 = 0

        /// Counts units and blocks of a step: all there are, or those that were chosen.
        mutating func count(
            _ units: [DecodingUnit], _ blocks: [PayloadLocation], of manifest: StepManifest, withMoments: Bool,
            asChosen: Bool
        ) {
            let tensors = units.reduce(0) { $0 + manifest.tensorIndices(of: $1, withMoments: withMoments).count }
            let bytes = manifest.plainBytes(units, blocks, withMoments: withMoments)
            if asChosen {
                self.tensors += tensors
                self.bytes = self.bytes.addingSaturated(bytes)
            } else {
                ofTensors += tensors
                ofBytes = ofBytes.addingSaturated(bytes)
            }
        }
    }
}

/// Part of a step's tensors and payload, picked by names and a seed: the same in every step, so that each is decoded on
/// top of what was decoded of it in the step before.
struct VerificationSample {
    /// Above 0, to 1.
    let share: Double
    let seed: UInt64

    /// At least one, where there are any.
    func units(_ units: [DecodingUnit], of manifest: StepManifest) -> [DecodingUnit] {
        pick(units) { unit in
            guard let first = manifest.tensorIndices(of: unit).first else { return "" }
            let tensor = manifest.tensors[first]
            return "tensor \(tensor.name) \(tensor.role.rawValue) \(tensor.key)"
        }
    }

    func blocks(_ blocks: [PayloadLocation], of manifest: StepManifest) -> [PayloadLocation] {
        pick(blocks) { location in
            // A step's own directory has its number in its name.
            let path = manifest.entries[location.entry].path
            return "payload \(Paths.removing(manifest.path + "/", from: path) ?? "") \(location.block)"
        }
    }

    private func pick<Item>(_ items: [Item], by name: (Item) -> String) -> [Item] {
        let keyed = items.map { (item: $0, key: key(name($0))) }
        let chosen = keyed.filter { $0.key < share }.map(\.item)
        guard chosen.isEmpty, let least = keyed.min(by: { $0.key < $1.key }) else { return chosen }
        return [least.item]
    }

    /// Between 0 and 1, evenly.
    private func key(_ name: String) -> Double {
        var writer = ByteWriter()
        writer.append(littleEndian: seed)
        writer.append(contentsOf: name.utf8)
        return Double(checksum64(writer.bytes) >> 11) / Double(UInt64(1) << 53)
    }
}

extension StepManifest {
    /// The tensors that a unit restores.
    /// - Parameter withMoments: whether a quantized group gives its moments.
    func tensorIndices(of unit: DecodingUnit, withMoments: Bool = true) -> [Int] {
        switch unit {
        case .tensors(let indices): return indices
        case .quantizedGroup(let quantizedGroup):
            return tensors.indices.filter {
                tensors[$0].coding.member?.quantizedGroup == quantizedGroup && (withMoments || !isMoment(tensors[$0]))
            }
        case .losslessGroup(let losslessGroup):
            return tensors.indices.filter {
                if case .packed(losslessGroup, _, _) = tensors[$0].coding { true } else { false }
            }
        }
    }

    /// Bytes of units and blocks as restored.
    func plainBytes(_ units: [DecodingUnit], _ blocks: [PayloadLocation], withMoments: Bool) -> UInt64 {
        let own = units.reduce(UInt64(0)) { sum, unit in
            tensorIndices(of: unit, withMoments: withMoments).reduce(sum) {
                $0.addingSaturated(UInt64(tensors[$1].byteCount))
            }
        }
        return blocks.reduce(own) { $0.addingSaturated(UInt64(entries[$1.entry].payload[$1.block].plainCount)) }
    }
}
