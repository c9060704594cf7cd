import Testing
import VarveTestSupport

@testable import TensorCodecs

/// What the decoder of method `transform` restores is what the encoder went on from, bit for bit.
@Suite struct TransformChainTests {
    static let shapes: [[Int]] = [
        [24, 24], [17, 40], [40, 17], [3, 20, 18], [5, 4, 3, 2], [1, 33], [33, 1], [9], [], [64, 20], [2, 2],
        [300, 20],
    ]

    private func settings(_ random: inout SplitMix64) -> TransformSettings {
        var settings = TransformSettings(stepSize: [0.1, 0.6, 1.5, 3, 20][Int(random.next() % 5)])
        if random.next() % 3 == 0 {
            settings.secondMomentStepSize = RankOneExponents.residualStepSize
            settings.exponentMoves = .fine
        }
        if random.next() % 3 == 0 { settings.refreshesRarely = true }
        settings.lag = [0, 0.5, 0.8, 0.95][Int(random.next() % 4)]
        return settings
    }

    private func parameter(_ random: inout SplitMix64) -> TransformSamples.Parameter {
        let shape = Self.shapes[Int(random.next() % UInt64(Self.shapes.count))]
        let format = FloatFormat.allCases[Int(random.next() % 4)]
        var parameter = TransformSamples.Parameter(shape, format, seed: random.next())
        parameter.hasFirst = random.next() % 4 != 0
        parameter.hasSecond = random.next() % 4 != 0
        parameter.hasMaximum = parameter.hasSecond && random.next() % 3 == 0
        switch random.next() % 3 {
        case 0: parameter.rule = .unknown
        case 1: parameter.rule = .direction
        default:
            let factor = (1 - DriftingParameter.beta1) / (DriftingParameter.learningRate * DriftingParameter.beta1)
            if let rule = AdamUpdate(factor: factor, epsilon: 1e-8) { parameter.rule = .adamUpdate(rule) }
        }
        if random.next() % 3 == 0 { parameter.before = parameter.weight }
        if parameter.before != nil { parameter.values.advance() }
        return parameter
    }

    @Test(arguments: 0..<24) func theDecoderHasWhatTheEncoderGoesOnFrom(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let settings = settings(&random)
        var samples = TransformSamples((0..<(1 + random.next() % 4)).map { _ in parameter(&random) }, settings)
        for number in 0..<6 {
            let step = try #require(try samples.encode())
            let chain = try TransformDecoder.unpackChain(step.chain, step.members)
            let moments = try TransformDecoder.unpackMoments(step.moments, chain)
            for (position, member) in step.encoded.enumerated() {
                let parameter = samples.parameters[position], state = chain.states[position]
                #expect(state.serialized() == member.state.serialized(), "step \(number)")
                #expect(try state.weight() == member.weight, "step \(number)")
                if let first = member.first { #expect(FloatFormat.f32.bytes(moments[position].first) == first) }
                #expect(moments[position].second.map { FloatFormat.f32.bytes($0) } == member.second)
                #expect(moments[position].maximum.map { FloatFormat.f32.bytes($0) } == member.maximum)
                let kept = try TransformState(
                    form: parameter.form, format: parameter.format, serialized: state.serialized())
                #expect(kept.serialized() == state.serialized())
                if let second = moments[position].second {
                    for (restored, original) in zip(second, parameter.values.second) where original > 0 {
                        #expect(restored > 0)
                    }
                }
            }
            samples.advance(step, chain)
        }
    }

    /// Errors do not add up: the loop is closed around what the decoder has.
    @Test(arguments: [(0.1, 0.02), (0.6, 0.2), (1.5, 0.6), (3, 1.3)])
    func errorsStayBelowTheChangeOfAStep(size: Double, limit: Double) throws {
        var samples = TransformSamples(
            [TransformSamples.Parameter([48, 64], .f32, seed: 3)], TransformSettings(stepSize: size))
        var errors: [Double] = []
        for _ in 0..<10 {
            let before = samples.parameters[0].weight
            let step = try #require(try samples.encode())
            samples.advance(step, try TransformDecoder.unpackChain(step.chain, step.members))
            let change = ResidualCodec.error(samples.parameters[0].weight, before, format: .f32).squared
            errors.append(samples.parameters[0].error / change)
        }
        #expect(errors.dropFirst(2).allSatisfy { $0 < limit }, "\(errors)")
        #expect(errors[9] < 2 * errors[3], "\(errors)")
    }

    @Test func whatHoldsStillCostsAHeader() throws {
        var samples = TransformSamples(
            [TransformSamples.Parameter([48, 64], .f32, seed: 4)], TransformSettings(stepSize: 1.5))
        let first = try #require(try samples.encode())
        let values = samples.parameters[0].values
        samples.advance(first, try TransformDecoder.unpackChain(first.chain, first.members))
        samples.parameters[0].values = values
        let still = try #require(try samples.encode())
        #expect(still.encoded[0].header.kind == .hold)
        #expect(still.encoded[0].weight == first.encoded[0].weight)
        #expect(still.chain.count <= 64, "\(still.chain.count) bytes")
    }
}
