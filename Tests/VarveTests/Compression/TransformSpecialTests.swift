import TensorCodecs
import Testing
import Varve
import VarveTestSupport

/// Values, shapes and histories out of the ordinary: nothing infinite, nothing lost, and the chain goes on.
@Suite struct TransformSpecialTests {
    let workshop = RunWorkshop()

    static let run = DriftingRun([.init("a", [24, 32]), .init("b", [32]), .init("c", [20, 24])], steps: 5)

    private static func tensor(_ report: Report, _ step: Int, _ name: String, _ role: TensorRole = .weight)
        -> Report.Tensor?
    {
        report.steps[step].tensors.first { $0.name == name && $0.role == role && $0.key.isEmpty }
    }

    /// Whether the change of `name` in the last step came back.
    private func expectGoesOn(_ report: Report, _ name: String = "a", below wanted: Double? = nil) throws {
        // `small` promises less: its squared error may be some times the squared change.
        let isSmall = report.steps.last?.method.contains("small") == true
        let limit = isSmall ? 7 : wanted ?? 1.3
        let last = try #require(Self.tensor(report, report.steps.count - 1, name))
        #expect(!last.isExact && last.figures.relativeSquaredError < limit, "\(last)")
    }

    // MARK: NaN and infinity

    @Test(arguments: [Float.nan, .infinity, -.infinity], TestMethods.both)
    func aWeightThatIsNoNumberIsExactInThatStep(value: Float, method: CompressionOptions.Method) async throws {
        var steps = Self.run.steps()
        steps[2].model[0].change { $0[77] = value }
        let (report, tensors) = try await workshop.roundTrip(steps, method)
        #expect(Self.tensor(report, 2, "a")?.isExact == true)
        #expect(tensors[2]["model.a"] == steps[2].model[0].bytes)
        #expect(report.steps[2].notes.contains { $0.hasPrefix("a: ") && $0.contains("NaN") })
        #expect(Self.tensor(report, 2, "c")?.isExact == false)
        // Before a change can be taken it must be finite on both sides.
        #expect(tensors[3...].allSatisfy { $0["model.a"].map(Self.isFinite) == true })
        if method == TestMethods.transform { try expectGoesOn(report) }
    }

    /// What a moment may not hold: value, index of the state, whether `excp` minds as well.
    static let wrong: [(value: Float, state: Int, inBoth: Bool)] = [
        (.nan, 0, true), (.nan, 1, true), (.infinity, 0, true), (-.infinity, 1, true), (2e38, 0, false),
        (2e38, 1, false), (-1e-3, 1, false),
    ]

    @Test(arguments: wrong.indices, TestMethods.both)
    func momentsOutOfRangeAreExactInThatStep(index: Int, method: CompressionOptions.Method) async throws {
        let (value, state, inBoth) = Self.wrong[index]
        guard inBoth || method == TestMethods.transform else { return }
        var steps = Self.run.steps()
        steps[2].states[0][state].change { $0[5] = value }
        let (report, tensors) = try await workshop.roundTrip(steps, method)
        for (key, moment) in zip(["exp_avg", "exp_avg_sq"], steps[2].states[0]) {
            #expect(tensors[2]["optimizer.state.0.\(key)"] == moment.bytes)
        }
        #expect(report.steps[2].notes.contains { $0.hasPrefix("a: ") && $0.contains("moments") })
        #expect(Self.tensor(report, 3, "a", .secondMoment)?.isExact == false)
        if method == TestMethods.transform { try expectGoesOn(report) }
    }

    @Test func aRunThatBeginsWithNaNGoesOnOnceItIsGone() async throws {
        var steps = Self.run.steps()
        steps[0].model[0].change { $0[0] = .nan }
        steps[0].states[2][1].change { $0[0] = .nan }
        let (report, tensors) = try await workshop.roundTrip(steps)
        #expect(tensors[0]["model.a"] == steps[0].model[0].bytes)
        #expect(tensors[0]["model.c"] == steps[0].model[2].bytes)
        try expectGoesOn(report)
        try expectGoesOn(report, "c")
    }

    private static func isFinite(_ bytes: [UInt8]) -> Bool { FloatFormat.f32.floats(bytes).allSatisfy { $0.isFinite } }

    // MARK: Zeros and sizes

    @Test(arguments: TestMethods.transforms) func zerosAreZeros(method: CompressionOptions.Method) async throws {
        var steps = Self.run.steps()
        for index in steps.indices {
            steps[index].model[0].change { $0 = $0.map { _ in 0 } }
            for state in 0..<2 {
                steps[index].states[0][state].change { $0 = $0.map { _ in 0 } }
                // Rows that were never touched.
                steps[index].states[2][state].change {
                    $0.replaceSubrange(24..<96, with: [Float](repeating: 0, count: 72))
                }
            }
        }
        let (report, tensors) = try await workshop.roundTrip(steps, method)
        for step in steps.indices {
            #expect(tensors[step]["model.a"] == steps[step].model[0].bytes)
            for key in ["exp_avg", "exp_avg_sq"] {
                let values = try #require(tensors[step]["optimizer.state.0.\(key)"])
                #expect(FloatFormat.f32.floats(values).allSatisfy { $0 == 0 })
            }
            let second = FloatFormat.f32.floats(try #require(tensors[step]["optimizer.state.2.exp_avg_sq"]))
            #expect(second.allSatisfy { $0.isFinite } && second[24..<96].allSatisfy { $0 == 0 })
        }
        try expectGoesOn(report, "c")
    }

    @Test(arguments: [1e30, 1e15, 1e-15, 1e-30, 1e-43], [TestMethods.high, TestMethods.transform])
    func weightsOfAnySizeComeBack(size: Double, method: CompressionOptions.Method) async throws {
        var steps = Self.run.steps()
        for index in steps.indices { steps[index].model[0].change { $0 = $0.map { Float(Double($0) * 20 * size) } } }
        let (_, tensors) = try await workshop.roundTrip(steps, method)
        #expect(tensors.allSatisfy { $0["model.a"].map(Self.isFinite) == true })
        guard size > 1e-40 else { return }
        let restored = try #require(tensors[4]["model.a"])
        let error = ResidualCodec.error(steps[4].model[0].bytes, restored, format: .f32).squared
        let change = ResidualCodec.error(steps[4].model[0].bytes, steps[3].model[0].bytes, format: .f32).squared
        #expect(error < (method == TestMethods.high ? 0.1 : 1) * change, "\(error) of \(change)")
    }

    @Test func momentsOfAnySizeComeBack() async throws {
        for (number, size) in ([1e-18, 1e-12, 1e6, 1e15] as [Float]).enumerated() {
            var steps = Self.run.steps()
            for index in steps.indices {
                steps[index].states[0][0].change { $0 = $0.map { $0 * size } }
                steps[index].states[0][1].change { $0 = $0.map { $0 * size * size } }
            }
            let (report, tensors) = try await workshop.roundTrip(steps, archive: "\(number).varve")
            for step in tensors {
                for key in ["exp_avg", "exp_avg_sq"] {
                    let bytes = try #require(step["optimizer.state.0.\(key)"])
                    #expect(Self.isFinite(bytes))
                }
            }
            try expectGoesOn(report)
        }
    }

    // MARK: Standing still

    @Test(arguments: TestMethods.transforms)
    func aTensorThatStopsChangingCostsNextToNothing(method: CompressionOptions.Method) async throws {
        var steps = Self.run.steps()
        for index in 2..<steps.count { steps[index].model[0] = steps[1].model[0] }
        let (report, tensors) = try await workshop.roundTrip(steps, method)
        for step in 3..<steps.count {
            let weight = try #require(Self.tensor(report, step, "a"))
            #expect(weight.figures.storedBytes <= 64, "\(weight)")
        }
        #expect(tensors[4]["model.a"] == tensors[3]["model.a"])
    }

    @Test func aTensorThatMovesAgainIsFollowed() async throws {
        var steps = Self.run.steps()
        steps[2].model[0] = steps[1].model[0]
        steps[3].model[0] = steps[1].model[0]
        try expectGoesOn(try await workshop.roundTrip(steps).report)
    }

    // MARK: Shapes

    @Test(arguments: TestMethods.transforms) func anyShapeComesBack(method: CompressionOptions.Method) async throws {
        let shapes: [[Int]] = [
            [1, 40], [40, 1], [1], [], [0, 7], [0], [8, 3, 3, 3], [4, 16, 20], [3, 2, 40], [2, 3, 2, 2, 2], [1, 1, 1],
            [5, 500],
        ]
        let run = DriftingRun(shapes.enumerated().map { .init("p\($0)", $1) }, steps: 4)
        let report = try await workshop.roundTrip(run.steps(), method).report
        for (index, shape) in shapes.enumerated() where shape.reduce(1, *) >= 40 {
            try expectGoesOn(report, "p\(index)", below: 2)
        }
    }

    @Test(arguments: TestMethods.lossy)
    func parametersChangeShapeAppearAndVanish(method: CompressionOptions.Method) async throws {
        var steps = Self.run.steps()
        let other = DriftingRun([.init("a", [16, 48])], steps: 5, seed: 9)
        for index in 2..<steps.count {
            steps[index].model[0] = other.step(index).model[0]
            steps[index].states[0] = other.step(index).states[0]
        }
        for index in 3..<steps.count {
            steps[index].model.remove(at: 1)
            steps[index].states.remove(at: 1)
        }
        for index in [0, 1] {
            steps[index].model.removeLast()
            steps[index].states.removeLast()
        }
        let report = try await workshop.roundTrip(steps, method).report
        #expect(Self.tensor(report, 3, "b") == nil && Self.tensor(report, 1, "c") == nil)
        try expectGoesOn(report, "a", below: 1)
        try expectGoesOn(report, "c", below: 1)
    }

    @Test func oddAndEvenBatchesGoIntoBundlesOfAnySize() async throws {
        let run = DriftingRun((0..<40).map { .init("p\($0)", [1 + $0 % 7, 1 + $0 % 5]) }, steps: 3)
        try await workshop.roundTrip(run.steps())
    }
}
