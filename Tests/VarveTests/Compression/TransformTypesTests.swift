import TensorCodecs
import Testing
import Varve
import VarveTestSupport

/// Every type of weight and moment, and half-precision copies of float32 masters.
@Suite struct TransformTypesTests {
    let workshop = RunWorkshop()

    static let run = DriftingRun(
        [.init("a", [24, 32]), .init("b", [32]), .init("c", [20, 24])], steps: 4, updates: 6)

    @Test(arguments: [FloatFormat.f32, .bf16, .f16, .f64], [true, false])
    func everyTypeComesBackInItsOwn(format: FloatFormat, momentsToo: Bool) async throws {
        let steps = Self.run.steps { step in
            step.model = step.model.map { $0.converted(to: format) }
            guard momentsToo else { return }
            // float16 holds no second moment of this size.
            step.states = step.states.map { states in
                states.map { state in
                    var state = state
                    if format == .f16 { state.change { $0 = $0.map { $0 * 1e3 } } }
                    return state.converted(to: format)
                }
            }
        }
        try workshop.write(steps)
        try await workshop.compress()
        let verified = try await Verifier(archive: workshop.path("a.varve"), deep: true).verify()
        #expect(verified.isIntact, "\(verified.findings)")
        let restored = try await workshop.restore(), report = try workshop.report()
        for (step, reported) in zip(steps, report.steps) {
            let back = try RunWorkshop.tensors(try #require(restored[RunWorkshop.fileName(step.number)]))
            for tensor in step.model {
                let bytes = try #require(back["model.\(tensor.name)"])
                #expect(bytes.count == tensor.bytes.count)
                let values = format.floats(bytes)
                #expect(values.allSatisfy { $0.isFinite })
                // What was restored is of the type: rounding changes nothing.
                if format != .f64 { #expect(format.bytes(values) == bytes) }
            }
            for tensor in reported.tensors where tensor.role == .weight {
                #expect(!tensor.isExact, "\(tensor.name) at \(step.number)")
            }
        }
        let last = try #require(report.steps.last?.roles[.weight])
        #expect(last.relativeSquaredError < 0.8, "\(last)")
    }

    enum Location: CaseIterable { case state, list }

    /// Runs whose model is `half` with float32 masters.
    private static func mastered(_ half: FloatFormat, _ location: Location) -> [TrainingStep] {
        run.steps { step in
            for index in step.model.indices {
                var master = step.model[index]
                step.model[index] = master.converted(to: half)
                switch location {
                case .state:
                    master.name = "master_param"
                    step.states[index].append(master)
                case .list:
                    master.name = "\(index)"
                    step.masters.append(master)
                }
            }
        }
    }

    private static func masterName(_ index: Int, _ location: Location) -> String {
        location == .state ? "optimizer.state.\(index).master_param" : "masters.\(index)"
    }

    @Test(arguments: [FloatFormat.bf16, .f16], Location.allCases)
    func aCopyIsTheRoundedRestoredMaster(half: FloatFormat, location: Location) async throws {
        let steps = Self.mastered(half, location)
        let (report, tensors) = try await workshop.roundTrip(steps)
        for (step, back) in zip(steps, tensors) {
            for (index, tensor) in step.model.enumerated() {
                let master = try #require(back[Self.masterName(index, location)])
                #expect(half.bytes(FloatFormat.f32.floats(master)) == back["model.\(tensor.name)"])
            }
        }
        for step in report.steps {
            let copies = step.tensors.filter { $0.coding == .copy }
            #expect(copies.count == 3 && copies.allSatisfy { $0.figures.storedBytes == 0 })
        }
    }

    @Test(arguments: Location.allCases) func aCopyThatIsNotTheRoundedMasterIsExact(location: Location) async throws {
        var steps = Self.mastered(.bf16, location)
        // A single bit beyond what a sample sees.
        for index in steps.indices { steps[index].model[0].bytes[2 * 701] ^= 1 }
        let (report, tensors) = try await workshop.roundTrip(steps)
        for (step, back) in zip(steps, tensors) { #expect(back["model.a"] == step.model[0].bytes) }
        #expect(report.steps.allSatisfy { $0.tensors.filter { $0.coding == .copy }.count == 2 })
    }
}
