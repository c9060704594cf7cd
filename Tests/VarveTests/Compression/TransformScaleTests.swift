import TensorCodecs
import Testing
import Varve
import VarveTestSupport

/// What a run costs and how well it comes back does not depend on the units of its gradients or the way its matrices
/// lie.
@Suite struct TransformScaleTests {
    let workshop = RunWorkshop()

    static let run = DriftingRun(
        [.init("a", [24, 60]), .init("b", [60, 24]), .init("c", [40, 40]), .init("d", [60])], steps: 5)

    /// Relative squared errors of the weights after the first change, and stored bytes of the tensors.
    private func outcome(_ steps: [TrainingStep], _ name: String, _ method: CompressionOptions.Method) async throws
        -> (error: Double, bytes: Double)
    {
        let report = try await workshop.roundTrip(steps, method, archive: name).report
        var weights = Report.Figures(), all = Report.Figures()
        for step in report.steps.dropFirst() {
            for (role, figures) in step.roles where role != .payload {
                all.add(figures)
                if role == .weight { weights.add(figures) }
            }
        }
        return (weights.relativeSquaredError, Double(all.storedBytes))
    }

    /// Powers of two change nothing but exponents. Of other factors the rounding of exponents shows a little.
    @Test(arguments: [0x1p-20, 1e-4] as [Float], [TestMethods.high, TestMethods.transform])
    func theUnitsOfTheGradientsDoNotMatter(unit: Float, method: CompressionOptions.Method) async throws {
        let plain = try await outcome(Self.run.steps(), "plain", method)
        let scaled = try await outcome(
            Self.run.steps { step in
                for index in step.states.indices {
                    step.states[index][0].change { $0 = $0.map { $0 * unit } }
                    step.states[index][1].change { $0 = $0.map { $0 * unit * unit } }
                }
                step.group[1].value *= Double(unit)
            }, "scaled", method)
        let isPower = unit.significand == 1
        #expect(abs(scaled.error / plain.error - 1) < (isPower ? 0.01 : 0.04), "\(plain), \(scaled)")
        // AdamW's own eps is not scaled: it changes the expected steps of what has small gradients.
        #expect(abs(scaled.bytes / plain.bytes - 1) < (isPower ? 2e-3 : 0.02), "\(plain), \(scaled)")
    }

    /// But for the estimated size of a change, to a third of its energy for tensors of some thousand elements: which
    /// elements meet in a bucket of its sketch depends on their order.
    @Test(arguments: [TestMethods.high, TestMethods.transform])
    func theWayMatricesLieDoesNotMatter(method: CompressionOptions.Method) async throws {
        let plain = try await outcome(Self.run.steps(), "plain", method)
        let turned = try await outcome(
            Self.run.steps { step in
                func turn(_ tensor: inout TestTensor) {
                    guard tensor.shape.count == 2 else { return }
                    let rows = tensor.shape[0], columns = tensor.shape[1]
                    tensor.shape = [columns, rows]
                    tensor.change { values in
                        let old = values
                        for i in 0..<rows { for j in 0..<columns { values[j * rows + i] = old[i * columns + j] } }
                    }
                }
                for index in step.model.indices {
                    turn(&step.model[index])
                    for state in step.states[index].indices { turn(&step.states[index][state]) }
                }
            }, "turned", method)
        #expect(abs(turned.error / plain.error - 1) < 0.4, "\(plain), \(turned)")
        #expect(abs(turned.bytes / plain.bytes - 1) < 0.1, "\(plain), \(turned)")
    }

    @Test(arguments: [TestMethods.high, TestMethods.transform])
    func everySecondCheckpointIsARunAsWell(method: CompressionOptions.Method) async throws {
        let steps = Self.run.steps().enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        #expect(try await outcome(steps, "second", method).error < 0.6)
    }

    /// The size of the error is what the quality says, and less is lost where more is stored.
    @Test func qualitiesAreOrdered() async throws {
        let outcomes = [
            try await outcome(Self.run.steps(), "high", TestMethods.high),
            try await outcome(Self.run.steps(), "balanced", TestMethods.transform),
            try await outcome(Self.run.steps(), "small", TestMethods.small),
        ]
        for (better, worse) in zip(outcomes, outcomes.dropFirst()) {
            #expect(better.error < worse.error && better.bytes > worse.bytes, "\(outcomes)")
        }
    }
}
