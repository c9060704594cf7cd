import FileSystem
import TensorCodecs
import TensorFiles
import Testing

@testable import ChainArchive

@Suite struct UnitCostTests {
    private func tensor(_ count: Int, need: SingleStateEncoder.Need?) -> PlannedTensor {
        var tensor = PlannedTensor(
            identity: TensorIdentity(name: "w", role: .other, key: "exp_avg_slow"), dtype: .f32, shape: [count],
            pieces: TensorPieces(file: 0, offset: 0, byteCount: 4 * count), source: MemorySource([], name: "w"),
            range: 0..<0, pairing: .none)
        tensor.need = need
        return tensor
    }

    /// 27.5 bytes an element were measured for one of 25 million elements, 16 are reckoned for what is stored exactly.
    @Test func stateThatIsQuantizedOnItsOwnTakesMoreThanAnExactOne() {
        let transform = StepMethod.transform(TransformSettings(stepSize: 1.5), name: "")
        func cost(_ needs: [SingleStateEncoder.Need?], _ method: StepMethod) -> Int {
            UnitCost.encoding(.losslessGroup(needs.map { tensor(1_000_000, need: $0) }), method)
        }
        for need in [SingleStateEncoder.Need.direction, .size] {
            #expect(cost([need], transform) >= 27_500_000)
            #expect(cost([need, need, nil], transform) >= 27_500_000 + 2 * 12_000_000)
            #expect(cost([need], .lossless) == cost([nil], .lossless))
        }
        #expect(cost([nil], transform) == cost([nil], .lossless))
    }
}
