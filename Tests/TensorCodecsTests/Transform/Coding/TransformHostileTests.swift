import Testing
import VarveTestSupport

@testable import TensorCodecs

/// Damaged blobs of method `transform` give an error or other values, never a trap.
@Suite struct TransformHostileTests {
    /// A keyframe, the first change after it, and one more, of a matrix and a vector.
    private static func steps() throws -> [TransformSamples.Step] {
        var settings = TransformSettings(stepSize: 0.6)
        settings.secondMomentStepSize = RankOneExponents.residualStepSize
        settings.refreshesRarely = true
        var matrix = TransformSamples.Parameter([6, 8], .f32, seed: 1)
        matrix.hasMaximum = true
        var samples = TransformSamples([matrix, TransformSamples.Parameter([9], .bf16, seed: 2)], settings)
        var steps: [TransformSamples.Step] = []
        for _ in 0..<3 {
            guard let step = try samples.encode() else { break }
            samples.advance(step, try TransformDecoder.unpackChain(step.chain, step.members))
            steps.append(step)
        }
        return steps
    }

    /// Decodes as a reader does, and goes on with whatever came out.
    private func use(_ step: TransformSamples.Step, _ chain: [UInt8], _ moments: [UInt8]?, next: [UInt8]?) {
        guard let decoded = try? TransformDecoder.unpackChain(chain, step.members) else { return }
        for (state, member) in zip(decoded.states, step.members) {
            if let bytes = try? state.weight() { #expect(bytes.count == member.form.count * member.format.elementSize) }
        }
        if let values = try? TransformDecoder.unpackMoments(moments, decoded) {
            for (value, member) in zip(values, step.members) { #expect(value.first.count == member.form.count) }
        }
        guard let next else { return }
        let members = zip(decoded.states, step.members).map {
            TransformDecoder.Member(form: $1.form, format: $1.format, state: $0)
        }
        if let after = try? TransformDecoder.unpackChain(next, members) {
            for state in after.states { _ = try? state.weight() }
        }
    }

    private func mutations(_ bytes: [UInt8], _ body: ([UInt8]) -> Void) {
        HostileFiles.forEachMutation(of: bytes) { body($1) }
        HostileFiles.forEachTruncation(of: bytes) { body($1) }
        body(bytes + [0])
    }

    @Test(arguments: 0..<3) func everyMutationOfTheChainIsAnswered(number: Int) throws {
        let steps = try Self.steps(), step = steps[number]
        let next = number + 1 < steps.count ? steps[number + 1].chain : nil
        mutations(step.chain) { use(step, $0, step.moments, next: next) }
    }

    @Test(arguments: 0..<3) func everyMutationOfTheMomentsIsAnswered(number: Int) throws {
        let step = try Self.steps()[number]
        let chain = try TransformDecoder.unpackChain(step.chain, step.members)
        mutations(try #require(step.moments)) { _ = try? TransformDecoder.unpackMoments($0, chain) }
    }

    @Test func aChainIsNotDecodedForOtherShapesOrWithoutWhatComesBefore() throws {
        let step = try Self.steps()[1]
        for shape in [[8, 6], [6, 9], [48], [1, 48], [0, 8], []] {
            var members = step.members
            members[0] = TransformDecoder.Member(form: MatrixForm(shape), format: .f32, state: nil)
            #expect(throws: CodecError.self) { try TransformDecoder.unpackChain(step.chain, members) }
        }
        #expect(throws: CodecError.self) { try TransformDecoder.unpackChain(step.chain, []) }
        #expect(throws: CodecError.self) { try TransformDecoder.unpackChain([], step.members) }
    }
}
