import ChainArchive
import TensorCodecs
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

@testable import Varve

/// Without optimizer state only what moves like a weight is quantized.
@Suite struct ProofOfTrainingTests {
    let workshop = RunWorkshop()

    /// `a` and `c` are matrices of a model, `b` is a bias.
    static let run = DriftingRun([.init("a", [24, 32]), .init("b", [32]), .init("c", [20, 24])], steps: 4)

    /// A tensor that no optimizer trains, other values in every step.
    struct Untrained: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// By index of the step.
        var tensors: @Sendable (Int) -> [TestTensor]
    }

    private static func matrix(_ name: String, _ step: Int, _ shape: [Int] = [16, 24]) -> TestTensor {
        TestTensor(name, shape: shape, seed: UInt64(1000 + step))
    }

    /// Values made from draws in 0..<1.
    private static func drawn(
        _ name: String, _ shape: [Int], _ step: Int, _ value: (Double, Int) -> Float
    ) -> TestTensor {
        var random = SplitMix64(seed: UInt64(77 + step))
        return TestTensor(
            name, shape: shape,
            floats: (0..<shape.reduce(1, *)).map { value(Double(random.next() >> 11) * 0x1p-53, $0) })
    }

    static let untrained = [
        Untrained(testDescription: "counts") { step in
            [drawn("hits", [16, 16], step) { Float(Int($0 * 5000)) + Float($1) }]
        },
        Untrained(testDescription: "a mask") { step in
            [drawn("open", [16, 16], step) { draw, _ in draw < 0.5 ? 1 : 0 }]
        },
        Untrained(testDescription: "a mask to add") { step in
            [drawn("open", [16, 16], step) { draw, _ in draw < 0.5 ? -3.4e38 : 0 }]
        },
        Untrained(testDescription: "rows of one") { step in
            [drawn("kind", [16, 16], step) { _, position in (position + step) % 16 == position / 16 ? 1 : 0 }]
        },
        Untrained(testDescription: "ternary values") { step in
            [drawn("signs", [16, 16], step) { draw, _ in 0.037 * Float(Int(draw * 3) - 1) }]
        },
        Untrained(testDescription: "a scalar") { step in
            [TestTensor("noise", shape: [], floats: [0.3 + Float(step) / 7])]
        },
        Untrained(testDescription: "a short vector") { step in [matrix("three", step, [3])] },
        Untrained(testDescription: "a vector") { step in [matrix("something", step, [200])] },
        Untrained(testDescription: "a row") { step in [matrix("something", step, [1, 200, 1])] },
        Untrained(testDescription: "a rising table") { step in
            [drawn("table", [40, 24], step) { _, position in Float(position) * 0.013 + Float(step) / 3 }]
        },
        Untrained(testDescription: "a table of rising rows") { step in
            [
                drawn("table", [12, 24], step) { _, position in
                    Float(position % 24 * (position / 24 % 5 + 1)) * (0.11 + Float(step) / 9)
                }
            ]
        },
        Untrained(testDescription: "a table of falling columns") { step in
            [
                drawn("table", [12, 24], step) { _, position in
                    Float(position % 7) - Float(position / 24) * (7.1 + Float(step) / 9)
                }
            ]
        },
        Untrained(testDescription: "what stands still in most places") { step in
            var tensor = matrix("held", 0)
            tensor.change { $0[5 + step * 3] += 1 }
            return [tensor]
        },
        Untrained(testDescription: "scales of a quantizer") { step in
            [
                matrix("quant.scale", step),
                drawn("quant.zero_point", [16, 24], step) { draw, _ in Float(Int(draw * 255)) },
            ]
        },
        Untrained(testDescription: "a running mean") { step in [matrix("stats.running_mean", step)] },
        Untrained(testDescription: "a codebook's sums") { step in
            [matrix("vq.embed_avg", step), matrix("vq.embed", step + 9)]
        },
        Untrained(testDescription: "a generator's state") { step in [matrix("rng_state", step)] },
        Untrained(testDescription: "a range that was observed") { step in [matrix("observer.max_val", step)] },
        Untrained(testDescription: "a cache") { step in [matrix("attn.k_cache", step)] },
    ]

    private static func isExact(_ report: Report, _ step: Int, _ name: String) -> Bool? {
        report.steps[step].tensors.first { $0.name == name && $0.role == .weight && $0.key.isEmpty }?.isExact
    }

    @Test(arguments: untrained, TestMethods.both)
    func whatNeedNotBeAWeightIsExactInAModelAlone(kind: Untrained, method: CompressionOptions.Method) async throws {
        var number = -1
        let steps = Self.run.steps { step in
            number += 1
            step.model += kind.tensors(number)
            step.states = step.model.map { _ in [] }
        }
        let (report, tensors) = try await workshop.roundTrip(steps, method)
        for (step, back) in zip(steps, tensors) {
            for tensor in step.model.dropFirst(3) {
                #expect(back["model.\(tensor.name)"] == tensor.bytes, "step \(step.number): \(tensor.name)")
            }
            #expect(back["model.b"] == step.model[1].bytes)
        }
        // Ordinary weights are quantized all the same, from the second step on.
        for name in ["a", "c"] {
            #expect((0..<4).map { Self.isExact(report, $0, name) } == [true, false, false, false])
        }
    }

    @Test(arguments: TestMethods.both)
    func whatIsQuantizedWithoutProofIsSaid(method: CompressionOptions.Method) async throws {
        let steps = Self.run.steps { $0.states = $0.model.map { _ in [] } }
        let (report, _) = try await workshop.roundTrip(steps, method)
        let note =
            "quantized without optimizer state to prove that they are trained: 2 tensors (a, c); "
            + "--quality lossless keeps them exactly"
        #expect(
            report.steps.map { $0.notes.filter { $0.hasPrefix("quantized without") } } == [[], [note], [note], [note]])
        let trained = try await workshop.roundTrip(Self.run.steps(), method, archive: "trained.varve").report
        #expect(trained.steps.allSatisfy { $0.notes.isEmpty })
    }

    @Test(arguments: TestMethods.both)
    func trainedWeightsNeedNoFurtherProof(method: CompressionOptions.Method) async throws {
        // Integers, and a name that quantizers have for their scales.
        let steps = Self.run.steps { step in
            step.model[0].change { $0 = $0.map { ($0 * 4096).rounded() } }
            step.model[1].name = "k_scale"
        }
        let (report, _) = try await workshop.roundTrip(steps, method)
        #expect(Self.isExact(report, 3, "a") == false && Self.isExact(report, 3, "k_scale") == false)
    }

    @Test(arguments: TestMethods.both)
    func appendingDecidesAsOneCallDoes(method: CompressionOptions.Method) async throws {
        var number = -1
        let steps = Self.run.steps { step in
            number += 1
            step.model += [Self.matrix("late", number == 1 ? 0 : number)]
            step.states = step.model.map { _ in [] }
        }
        try workshop.write(steps, to: "whole")
        try await workshop.compress("whole", "whole.varve", method)
        for step in steps {
            try workshop.write([step], to: "rotating")
            try await workshop.compress("rotating", "grown.varve", method)
            try Directories.remove(workshop.path("rotating"))
        }
        #expect(try workshop.parts("whole.varve") == workshop.parts("grown.varve"))
    }

    // MARK: Runs with an optimizer

    @Test(arguments: TestMethods.both)
    func statesThatFitNoWeightLeaveWeightsQuantized(method: CompressionOptions.Method) async throws {
        var seed: UInt64 = 0
        // Projected moments, as GaLore keeps them.
        let steps = Self.run.steps { step in
            step.states = [[7, 24], [5], [7, 20]].map { shape in
                ["exp_avg", "exp_avg_sq"].map { key in
                    seed += 1
                    return TestTensor(key, shape: shape, seed: seed)
                }
            }
        }
        let (report, tensors) = try await workshop.roundTrip(steps, method)
        for name in ["a", "c"] {
            #expect((0..<4).map { Self.isExact(report, $0, name) } == [true, false, false, false])
        }
        for (step, back) in zip(steps, tensors) {
            for (index, states) in step.states.enumerated() {
                for state in states { #expect(back["optimizer.state.\(index).\(state.name)"] == state.bytes) }
            }
        }
    }

    @Test(arguments: TestMethods.both)
    func besideTrainedWeightsAnAverageIsQuantizedAndAFrozenOneIsNot(method: CompressionOptions.Method) async throws {
        var average: [Float] = []
        let steps = Self.run.steps { step in
            let weight = FloatFormat.f32.floats(step.model[0].bytes)
            average = average.isEmpty ? weight.map { $0 * 0.9 } : zip(average, weight).map { 0.6 * $0 + 0.4 * $1 }
            step.model += [
                TestTensor("average.a", shape: [24, 32], floats: average), Self.matrix("frozen", 0),
                Self.matrix("something", step.number, [32]),
            ]
            step.states += [[], [], []]
        }
        let (report, tensors) = try await workshop.roundTrip(steps, method)
        #expect((0..<4).map { Self.isExact(report, $0, "average.a") } == [true, false, false, false])
        for (step, back) in zip(steps, tensors) {
            for tensor in step.model.suffix(2) { #expect(back["model.\(tensor.name)"] == tensor.bytes) }
        }
        #expect(report.steps[3].tensors.first { $0.name == "frozen" }?.coding == .unchanged)
        #expect(report.steps[3].notes.contains { $0.contains("it is trained: 1 tensor (average.a)") })
    }

    // MARK: Contents

    @Test func halfPrecisionWeightsMoveByRows() {
        var random = SplitMix64(seed: 3)
        let shape = [64, 64], before = FloatFormat.bf16.bytes((0..<4096).map { _ in Float(random.normal()) })
        // An element of each row, as a small learning rate in bfloat16 moves it.
        var now = before
        for row in 0..<64 { now[2 * (64 * row + row)] ^= 1 }
        #expect(ProofOfTraining.hasMoved(now, since: before, format: .bf16, shape: shape))
        #expect(!ProofOfTraining.hasMoved(before, since: before, format: .bf16, shape: shape))
        #expect(ProofOfTraining(now, format: .bf16, shape: shape).looksLikeWeight)
        #expect(!ProofOfTraining(now, format: .bf16, shape: [4096]).looksLikeWeight)
    }

    @Test func aVectorOfAWholeModelLooksLikeAWeight() {
        let bytes = SeededTensors.bytes(of: SeededTensors.floats(1 << 16, seed: 5))
        #expect(ProofOfTraining(bytes, format: .f32, shape: [1 << 16]).looksLikeWeight)
        let sorted = SeededTensors.bytes(of: SeededTensors.floats(1 << 16, seed: 5).sorted())
        #expect(!ProofOfTraining(sorted, format: .f32, shape: [1 << 16]).looksLikeWeight)
    }
}
