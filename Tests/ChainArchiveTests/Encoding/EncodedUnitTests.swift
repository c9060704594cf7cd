@testable import ChainArchive
import TensorCodecs
import FileSystem
import TensorFiles
import Testing

@Suite struct EncodedUnitTests {
    /// A unit with a quantized group and a lossless group, whose records count from the unit's own first group.
    private func unit(_ name: String) throws -> EncodedUnit {
        let tensor = PlannedTensor(
            identity: TensorIdentity(name: name, role: .weight, key: ""), dtype: .f32, shape: [1],
            pieces: TensorPieces(file: 0, offset: 0, byteCount: 4), source: MemorySource([0, 0, 0, 0]), range: 0..<4,
            pairing: .order)
        func record(_ coding: TensorRecord.Coding) -> TensorRecord {
            tensor.record(coding, hash: Hash128(high: 1, low: 2), statistics: TensorStatistics())
        }
        var unit = EncodedUnit()
        unit.quantizedGroup = (settings: .transform, weights: unit.add([1]), moments: nil)
        unit.losslessGroups = [unit.add([2])]
        unit.tensors = [
            record(.transform(quantizedGroup: 0, index: 0, opens: true)), record(.copy(quantizedGroup: 0, index: 0)),
            record(.packed(losslessGroup: 0, index: 3, depth: 1)), record(.unchanged), record(.sameAs(step: 7)),
        ]
        return unit
    }

    @Test func groupsOfAUnitComeBehindThoseThatAreThere() throws {
        var manifest = StepManifest(
            number: 9, isEpoch: false, path: "m", isDirectory: false, method: "transform", predecessor: .none)
        for (number, name) in ["a", "b"].enumerated() {
            let locations = (0..<2).map {
                RecordLocation(part: 0, offset: UInt64(64 * number + $0), byteCount: 1, checksum: 5)
            }
            manifest.append(try unit(name), at: locations)
        }
        #expect(manifest.quantizedGroups.map(\.weights.offset) == [0, 64])
        #expect(manifest.losslessGroups.map(\.offset) == [1, 65])
        for (number, name) in ["a", "b"].enumerated() {
            #expect(
                manifest.tensors.filter { $0.name == name }.map(\.coding) == [
                    .transform(quantizedGroup: number, index: 0, opens: true),
                    .copy(quantizedGroup: number, index: 0), .packed(losslessGroup: number, index: 3, depth: 1),
                    .unchanged, .sameAs(step: 7),
                ])
        }
        #expect(manifest.tensors.allSatisfy { $0.statistics.pairing == .order })
    }
}
