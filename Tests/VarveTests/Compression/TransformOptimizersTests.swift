import TensorCodecs
import Testing
import Varve
import VarveTestSupport

/// What other optimizers than AdamW keep.
@Suite struct TransformOptimizersTests {
    let workshop = RunWorkshop()

    static let run = DriftingRun([.init("a", [24, 32]), .init("b", [32]), .init("c", [20, 24])], steps: 4)

    /// States by key, made of the first (0) or second (1) moment.
    struct Optimizer: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var states: [(key: String, moment: Int)]
        var group: [(key: String, value: Double)] = [("lr", 1e-3)]
        var betas: [Double] = []
        /// Keys that come back byte for byte.
        var exact: Set<String> = []
    }

    static let optimizers = [
        Optimizer(
            testDescription: "SGD", states: [("momentum_buffer", 0)], group: [("lr", 1e-3), ("momentum", 0.9)]),
        Optimizer(testDescription: "Lion", states: [("exp_avg", 0)], betas: [0.9, 0.99]),
        Optimizer(testDescription: "no settings", states: [("exp_avg", 0), ("exp_avg_sq", 1)], group: []),
        Optimizer(testDescription: "RMSprop", states: [("square_avg", 1)], group: [("lr", 1e-3), ("alpha", 0.99)]),
        Optimizer(testDescription: "Adagrad", states: [("sum", 1)]),
        Optimizer(
            testDescription: "centered RMSprop", states: [("square_avg", 1), ("grad_avg", 0)],
            group: [("lr", 1e-3), ("alpha", 0.99)], exact: ["square_avg", "grad_avg"]),
        Optimizer(
            testDescription: "amsgrad", states: [("exp_avg", 0), ("exp_avg_sq", 1), ("max_exp_avg_sq", 1)],
            betas: [0.9, 0.95]),
        Optimizer(
            testDescription: "unknown states",
            states: [("exp_avg", 0), ("exp_avg_sq", 1), ("slow_buffer", 0), ("mystery", 0)], betas: [0.9, 0.95],
            exact: ["mystery"]),
    ]

    @Test(arguments: optimizers, [TestMethods.transform, TestMethods.high])
    func everyStateComesBack(optimizer: Optimizer, method: CompressionOptions.Method) async throws {
        let steps = Self.run.steps { step in
            step.group = optimizer.group
            step.betas = optimizer.betas
            step.states = step.states.map { known in
                optimizer.states.map { key, moment in
                    var state = known[moment]
                    state.name = key
                    if key == "mystery" { state.change { $0 = $0.map { $0 * $0 - 0.5 } } }
                    if key == "max_exp_avg_sq" { state.change { $0 = $0.map { $0 * 1.25 } } }
                    return state
                }
            }
        }
        let (report, tensors) = try await workshop.roundTrip(steps, method)
        for (step, back) in zip(steps, tensors) {
            for (index, states) in step.states.enumerated() {
                for state in states {
                    let found = try #require(back["optimizer.state.\(index).\(state.name)"])
                    if optimizer.exact.contains(state.name) {
                        #expect(found == state.bytes, "\(state.name)")
                    } else if ["exp_avg_sq", "max_exp_avg_sq", "square_avg", "sum"].contains(state.name) {
                        RunWorkshop.expectNoNewZeros(state.bytes, found, state.name)
                        #expect(RunWorkshop.relativeError(state.bytes, found) < 0.5, "\(state.name)")
                        #expect(FloatFormat.f32.floats(found).allSatisfy { $0 >= 0 })
                    }
                }
            }
        }
        let last = try #require(report.steps.last)
        let weights = last.tensors.filter { $0.role == .weight }
        #expect(weights.allSatisfy { !$0.isExact } && weights.count == 3)
        #expect((last.roles[.weight]?.relativeSquaredError ?? 1) < 0.8)
    }

    @Test func factorsOfAdafactorAreExact() async throws {
        let steps = Self.run.steps { step in
            for index in step.states.indices where step.model[index].shape.count == 2 {
                let shape = step.model[index].shape
                step.states[index] = [
                    TestTensor("exp_avg_sq_row", shape: [shape[0]], seed: UInt64(step.number + index)),
                    TestTensor("exp_avg_sq_col", shape: [shape[1]], seed: UInt64(step.number + index + 7)),
                ]
            }
            step.states[1] = [TestTensor("exp_avg_sq", shape: [32], floats: [Float](repeating: 0.5, count: 32))]
            step.betas = []
        }
        let (_, tensors) = try await workshop.roundTrip(steps)
        for (step, back) in zip(steps, tensors) {
            for index in [0, 2] {
                for state in step.states[index] {
                    #expect(back["optimizer.state.\(index).\(state.name)"] == state.bytes)
                }
            }
        }
    }

    /// Quality high: second moments that scatter like a chi-square come back within a factor, root mean square.
    @Test(arguments: [(16, 1.3), (4, 1.36)])
    func highKeepsSecondMomentsElementByElement(degrees: Int, factor: Float) async throws {
        var random = SplitMix64(seed: 8)
        var steps = Self.run.steps()
        for step in steps.indices {
            for index in [0, 2] {
                steps[step].states[index][1].change { values in
                    for position in values.indices {
                        let sum = (0..<degrees).reduce(0.0) { sum, _ in
                            let part = random.normal()
                            return sum + part * part
                        }
                        values[position] *= Float(sum / Double(degrees))
                    }
                }
            }
        }
        let (_, tensors) = try await workshop.roundTrip(steps, TestMethods.high)
        for (step, back) in zip(steps, tensors) {
            for index in [0, 2] {
                let original = FloatFormat.f32.floats(step.states[index][1].bytes)
                let restored = FloatFormat.f32.floats(try #require(back["optimizer.state.\(index).exp_avg_sq"]))
                let octaves = zip(original, restored).map { Double($1.logarithm2 - $0.logarithm2) }
                let deviation = (octaves.reduce(0) { $0 + $1 * $1 } / Double(octaves.count)).squareRoot()
                #expect(deviation < Double(factor.logarithm2), "step \(step.number): \(deviation) octaves")
            }
        }
    }

    @Test func exactKeyframesAreExact() async throws {
        let steps = Self.run.steps()
        try workshop.write(steps)
        try await workshop.compress("run", "a.varve", TestMethods.exactKeyframes, keyframeInterval: 2)
        let restored = try await workshop.restore()
        for step in [0, 2] {
            #expect(restored[RunWorkshop.fileName(steps[step].number)] == steps[step].file())
        }
        for step in [1, 3] {
            #expect(restored[RunWorkshop.fileName(steps[step].number)] != steps[step].file())
        }
    }
}

extension Float {
    /// By a few terms of a series: no function of libm.
    fileprivate var logarithm2: Float {
        let mantissa = significand / 1.4142135, z = (mantissa - 1) / (mantissa + 1), square = z * z
        let series = 2 * z * (1 + square * (1 / 3 + square * (0.2 + square / 7)))
        return Float(exponent) + 0.5 + series * 1.442695
    }
}
