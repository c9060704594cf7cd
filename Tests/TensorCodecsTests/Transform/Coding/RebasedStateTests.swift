import Testing
import VarveTestSupport

@testable import TensorCodecs

/// What is kept of a chain between two steps may be less than its state, where the next step begins a group.
@Suite struct RebasedStateTests {
    @Test(arguments: 0..<16) func aChainGoesOnFromItsWeightAsFromItsWholeState(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(300 + seed))
        var settings = TransformSettings(stepSize: [0.6, 1.5, 3][Int(random.next() % 3)])
        settings.rule = BasisRule(directionsByEight: 0, firstRounds: 1, laterRounds: 1, opens: false)
        settings.narrowSide = seed % 2 == 0 ? 0 : 1023
        if random.next() % 2 == 0 { settings.refreshesRarely = true }
        let shapes = [[20, 30], [24, 18], [300], [2, 20, 17]]
        let formats = FloatFormat.allCases
        var whole = TransformSamples(
            shapes.map { .init($0, formats[Int(random.next() % UInt64(formats.count))], seed: random.next()) },
            settings)
        var settled = whole, shortened = 0
        for number in 0..<6 {
            let expected = try #require(try whole.encode()), found = try #require(try settled.encode())
            #expect(found.chain == expected.chain && found.moments == expected.moments, "step \(number)")
            #expect(found.encoded.map(\.weight) == expected.encoded.map(\.weight), "step \(number)")
            let chain = try TransformDecoder.unpackChain(expected.chain, expected.members)
            whole.advance(expected, chain)
            settled.advance(found, chain)
            for index in settled.parameters.indices {
                guard var state = settled.parameters[index].encoderState,
                    settings.beginsGroup(age: state.age, form: state.form)
                else { continue }
                let before = state.serialized().count
                state.rebase(to: try state.weight())
                #expect(try state.weight() == found.encoded[index].weight)
                #expect(state.isAtBase || !state.tiles.allSatisfy { $0.left.kind == .identity })
                if state.serialized().count < before { shortened += 1 }
                settled.parameters[index].encoderState = try TransformState(
                    form: state.form, format: state.format, serialized: state.serialized())
            }
        }
        #expect(shortened > 0)
    }

    @Test func aStateEndsWithItsBase() throws {
        var samples = TransformSamples([.init([20, 30], .f32, seed: 5)], TransformSettings(stepSize: 1.5))
        for _ in 0..<3 {
            let step = try #require(try samples.encode())
            let chain = try TransformDecoder.unpackChain(step.chain, step.members)
            for state in chain.states {
                #expect(state.serialized().suffix(state.base.count) == state.base[...])
                if state.isAtBase { #expect(try state.weight() == state.base) }
            }
            samples.advance(step, chain)
        }
    }
}
