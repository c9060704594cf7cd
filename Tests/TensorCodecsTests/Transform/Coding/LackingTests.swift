import Testing
import VarveTestSupport

@testable import TensorCodecs

/// A weight that is encoded from restored values: what the archive keeps of its original goes on.
@Suite struct LackingTests {
    private let format = FloatFormat.f32
    private let form = MatrixForm([64, 48])

    private func values(_ seed: UInt64, size: Float) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<form.count).map { _ in Float(random.uniform() - 0.5) * size }
    }

    private func bytes(_ parts: [Float]...) -> [UInt8] {
        format.bytes((0..<form.count).map { index in parts.reduce(0) { $0 + $1[index] } })
    }

    /// However often it is taken again, the sketch that is kept is that of the original less what is restored.
    @Test func sketchesFollowFromSketches() throws {
        let original = values(1, size: 1)
        var restored = bytes(original, values(2, size: 0.1))
        var kept = StoredSketch(ChangeSketch(bytes(original), less: restored, format), .delta)
        #expect(kept.agrees(with: ChangeSketch(bytes(original), less: restored, format)))
        for round in 0..<4 {
            let next = bytes(format.floats(restored), values(UInt64(3 + round), size: 0.05))
            let lost = ChangeSketch(restored, less: next, format)
            let following = StoredSketch(lost + kept.sketch, round == 0 ? .keyframe : .delta, from: kept)
            #expect(following.unit > kept.unit)
            (kept, restored) = (following, next)
            #expect(kept.agrees(with: ChangeSketch(bytes(original), less: restored, format)), "round \(round)")
        }
        #expect(!kept.agrees(with: ChangeSketch(bytes(original, values(9, size: 0.1)), less: restored, format)))
        #expect(!kept.agrees(with: ChangeSketch(restored, less: restored, format)))
    }

    /// The change is that of the originals, not of what is restored of them.
    @Test func changesAreTheOriginals() throws {
        let first = values(1, size: 1), step = values(2, size: 0.05), noise = values(3, size: 0.2)
        let restored = bytes(first, values(4, size: 0.2)), after = bytes(first, step, noise)
        var state = TransformState(form: form, format: format, exactly: restored)
        state.missing = StoredSketch(ChangeSketch(bytes(first), less: restored, format), .keyframe)
        var input = ParameterInput(form: form, format: format, weight: after)
        input.state = state
        input.previous = restored
        input.previousError = 1
        let wanted = ChangeSketch(bytes(first, step), less: bytes(first), format).energy / Double(form.count)
        input.lacking = .sketch(StoredSketch(ChangeSketch(bytes(first, step), less: after, format), .delta))
        let change = try #require(WeightChange(input, since: restored))
        #expect(abs(change.meanSquare / wanted - 1) < 0.3)
        input.lacking = .nothing
        let mistaken = try #require(WeightChange(input, since: restored))
        #expect(mistaken.meanSquare > 5 * wanted)
        input.lacking = .unknown
        input.recordedChange = 7
        #expect(try #require(WeightChange(input, since: restored)).meanSquare == 7 / Double(form.count))
    }
}
