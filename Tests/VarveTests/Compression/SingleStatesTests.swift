import TensorCodecs
import Testing
import Varve
import VarveTestSupport

/// States of an optimizer that are neither moments nor unknown: stored on their own, or like weights.
@Suite struct SingleStatesTests {
    let workshop = RunWorkshop()

    static let run = DriftingRun([.init("a", [24, 32]), .init("b", [160]), .init("c", [20, 24])], steps: 4)

    /// Beside AdamW's moments a slow momentum, a largest size and an average of the weights.
    private var steps: [TrainingStep] {
        Self.run.steps { step in
            for index in step.states.indices {
                var slow = step.states[index][0], size = step.states[index][1], average = step.model[index]
                (slow.name, size.name, average.name) = ("exp_avg_slow", "exp_inf", "slow_params")
                slow.change { $0 = $0.enumerated().map { $1 * (1 + 0.3 * Float($0 % 7)) } }
                size.change { $0 = $0.map { 1.5 * $0.squareRoot() } }
                average.change { $0 = $0.map { 0.95 * $0 } }
                step.states[index] += [slow, size, average]
            }
        }
    }

    private func state(_ name: String, _ index: Int, of step: TrainingStep) throws -> [UInt8] {
        try #require(step.states[index].first { $0.name == name }).bytes
    }

    @Test(arguments: [TestMethods.transform, TestMethods.high])
    func statesComeBackAsFarAsARunNeedsThem(method: CompressionOptions.Method) async throws {
        let (report, tensors) = try await workshop.roundTrip(steps, method)
        for (position, (step, back)) in zip(steps, tensors).enumerated() {
            for index in step.states.indices {
                func pair(_ name: String) throws -> (original: [UInt8], restored: [UInt8]) {
                    (try state(name, index, of: step), try #require(back["optimizer.state.\(index).\(name)"]))
                }
                let slow = try pair("exp_avg_slow"), size = try pair("exp_inf"), average = try pair("slow_params")
                #expect(slow.original != slow.restored && size.original != size.restored)
                #expect(RunWorkshop.relativeError(slow.original, slow.restored) < 0.2)
                #expect(RunWorkshop.relativeError(size.original, size.restored) < 0.3)
                RunWorkshop.expectNoNewZeros(size.original, size.restored, "exp_inf")
                // Nothing tells at a beginning how fine an average must be.
                #expect((average.original == average.restored) == (position == 0))
                #expect(RunWorkshop.relativeError(average.original, average.restored) < 0.01)
            }
        }
        for step in report.steps {
            let states = step.tensors.filter { $0.coding == .state }
            #expect(states.count == 6 && states.allSatisfy { $0.role == .other && !$0.isExact })
            // No average is taken for a weight of the model.
            #expect(step.tensors.filter { $0.role == .weight }.count == 3)
        }
    }

    @Test(arguments: [TestMethods.lossless, TestMethods.excp])
    func otherMethodsKeepStatesExactly(method: CompressionOptions.Method) async throws {
        let (_, tensors) = try await workshop.roundTrip(steps, method)
        for (step, back) in zip(steps, tensors) {
            for index in step.states.indices {
                for name in ["exp_avg_slow", "exp_inf", "slow_params"] {
                    #expect(back["optimizer.state.\(index).\(name)"] == (try state(name, index, of: step)))
                }
            }
        }
    }

    @Test func exactKeyframesHaveExactStates() async throws {
        let (_, tensors) = try await workshop.roundTrip(steps, TestMethods.exactKeyframes)
        for index in steps[0].states.indices {
            for name in ["exp_avg_slow", "exp_inf"] {
                let key = "optimizer.state.\(index).\(name)"
                #expect(tensors[0][key] == (try state(name, index, of: steps[0])))
                #expect(tensors[1][key] != (try state(name, index, of: steps[1])))
            }
        }
    }

    @Test func bytesAreTheSameForAnyNumberOfThreads() async throws {
        try workshop.write(steps)
        try await workshop.compress("run", "one.varve", threads: 1)
        try await workshop.compress("run", "four.varve", threads: 4)
        #expect(
            try workshop.parts("one.varve").map(\.value).sorted { $0.count < $1.count }
                == workshop.parts("four.varve").map(\.value).sorted { $0.count < $1.count })
    }

    /// Steps that are taken again keep states as they are: they refer to nothing that is forgotten.
    @Test func forgettingWithRebaseLeavesThemAsTheyAre() async throws {
        try workshop.write(steps)
        try await workshop.compress()
        let before = try await workshop.restore()
        let rebaser = Rebaser(archive: workshop.path("a.varve"), options: RebaseOptions(threads: 1))
        let result = try await rebaser.forget(ForgetPolicy(keepLast: 2), prune: true)
        #expect(result.rebased?.map(\.step) == [30, 40])
        let verified = try await Verifier(
            archive: workshop.path("a.varve"), against: workshop.path("run"), threads: 1
        ).verify(steps: 30...40)
        #expect(verified.isIntact && verified.differences.isEmpty, "\(verified.differences)")
        let after = try await workshop.restore()
        for number in [30, 40] {
            let file = RunWorkshop.fileName(number)
            let old = try RunWorkshop.tensors(try #require(before[file]))
            let back = try RunWorkshop.tensors(try #require(after[file]))
            for index in steps[0].states.indices {
                for name in ["exp_avg_slow", "exp_inf"] {
                    let key = "optimizer.state.\(index).\(name)"
                    #expect(try #require(back[key]) == old[key], "\(number): \(key)")
                }
            }
        }
    }

    /// States without a moment, whatever they are called, tie by their shape.
    @Test func unknownStatesOfTheWeightsShapeTie() async throws {
        let steps = Self.run.steps { step in
            for index in step.states.indices {
                step.states[index].removeLast()
                step.states[index][0].name = "never_heard_of"
            }
            step.betas = []
        }
        let (report, tensors) = try await workshop.roundTrip(steps)
        for (step, back) in zip(steps, tensors) {
            for index in step.states.indices {
                #expect(back["optimizer.state.\(index).never_heard_of"] == step.states[index][0].bytes)
            }
        }
        let weights = try #require(report.steps.last).tensors.filter { $0.role == .weight }
        #expect(weights.count == 3 && weights.allSatisfy { !$0.isExact && $0.pairing != .ambiguous })
    }
}
