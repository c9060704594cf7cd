import ChainArchive
import TensorCodecs
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

@testable import Varve

/// The same values under several names, or in several types, are the same values when they come back.
@Suite struct CopiesTests {
    let workshop = RunWorkshop()

    static let run = DriftingRun(
        [.init("a", [24, 32]), .init("b", [32]), .init("c", [20, 24])], steps: 4, updates: 6)

    private static func renamed(_ tensor: TestTensor, _ name: String) -> TestTensor {
        var tensor = tensor
        tensor.name = name
        return tensor
    }

    private static func copies(_ step: Report.Step) -> [Report.Tensor] { step.tensors.filter { $0.coding == .copy } }

    private static func isExact(_ step: Report.Step, _ name: String) -> Bool? {
        step.tensors.first { $0.name == name && $0.role == .weight && $0.key.isEmpty }?.isExact
    }

    enum Trained: CaseIterable { case first, neither }

    @Test(arguments: Trained.allCases, TestMethods.both)
    func aSecondNameFollowsTheFirst(trained: Trained, method: CompressionOptions.Method) async throws {
        let steps = Self.run.steps { step in
            step.model.append(Self.renamed(step.model[0], "head"))
            step.states.append([])
            switch trained {
            case .first: break
            case .neither: step.states = step.states.map { _ in [] }
            }
        }
        let (report, tensors) = try await workshop.roundTrip(steps, method)
        for back in tensors { #expect(back["model.a"] == back["model.head"]) }
        for step in report.steps where Self.isExact(step, "a") == false {
            let copies = Self.copies(step)
            #expect(copies.map(\.name) == ["head"])
            #expect(copies.allSatisfy { $0.figures.storedBytes == 0 })
        }
        #expect(Self.isExact(report.steps[3], "a") == false)
    }

    @Test func theMemberIsTheOneWithMomentsElseTheFirst() throws {
        let bytes = SeededTensors.bytes(of: SeededTensors.floats(300, seed: 2))
        func planned(_ name: String, _ role: Role = .weight) -> PlannedTensor {
            PlannedTensor(
                identity: TensorIdentity(name: name, role: role, key: ""), dtype: .f32, shape: [10, 30],
                pieces: TensorPieces(file: 0, offset: 0, byteCount: 1200), source: MemorySource(bytes), range: 0..<1200,
                pairing: .none)
        }
        var parameters = ["x", "y", "z"].map { PlannedParameter(weight: planned($0), isProven: false) }
        func check(_ member: String, _ copies: [String]) throws {
            let (found, rest) = try StepPlanner.withCopies(
                parameters, [planned("s", .other), planned("x", .firstMoment)])
            #expect(found.map(\.weight.identity.name) == [member] && rest.map(\.identity.role) == [.firstMoment])
            #expect(found.first?.copies.map(\.identity.name) == copies + ["s"])
        }
        try check("x", ["y", "z"])
        parameters[2].isProven = true
        try check("z", ["x", "y"])
        parameters[1].secondMoment = planned("y", .secondMoment)
        try check("y", ["z", "x"])
    }

    @Test(arguments: TestMethods.both)
    func copiesOfAllTypesFollowTheWeight(method: CompressionOptions.Method) async throws {
        let steps = Self.run.steps { step in
            for index in [0, 2] {
                let weight = step.model[index]
                step.masters += [
                    Self.renamed(weight, "full.\(index)"), Self.renamed(weight.converted(to: .bf16), "brain.\(index)"),
                    Self.renamed(weight.converted(to: .f16), "half.\(index)"),
                    Self.renamed(weight.converted(to: .f64), "wide.\(index)"),
                ]
            }
        }
        let (report, tensors) = try await workshop.roundTrip(steps, method)
        for back in tensors {
            for (index, name) in [(0, "a"), (2, "c")] {
                let weight = try #require(back["model.\(name)"]), values = FloatFormat.f32.floats(weight)
                #expect(back["masters.full.\(index)"] == weight)
                #expect(back["masters.brain.\(index)"] == FloatFormat.bf16.bytes(values))
                #expect(back["masters.half.\(index)"] == FloatFormat.f16.bytes(values))
                #expect(back["masters.wide.\(index)"] == FloatFormat.f64.bytes(values))
            }
        }
        for step in report.steps where Self.isExact(step, "a") == false {
            let copies = Self.copies(step)
            #expect(copies.count == 8 && copies.allSatisfy { $0.figures.storedBytes == 0 })
        }
        #expect(Self.isExact(report.steps[3], "a") == false)
        // A single step comes back without the others' help.
        try await Restorer(
            archive: workshop.path("a.varve"), options: RestoreOptions(selection: .step(steps[3].number))
        ).restore(to: workshop.path("one"))
        let file = try Trees.content(workshop.path("one")).first { $0.key.hasSuffix(".pt") }
        #expect(try RunWorkshop.tensors(try #require(file?.value)) == tensors[3])
    }

    @Test(arguments: TestMethods.both)
    func doublesAndTheirCopiesAgree(method: CompressionOptions.Method) async throws {
        let steps = Self.run.steps { step in
            step.model[0] = step.model[0].converted(to: .f64)
            // More digits than float32 has.
            for position in stride(from: 0, to: step.model[0].bytes.count, by: 8) {
                step.model[0].bytes[position] = UInt8(truncatingIfNeeded: position / 8 &+ step.number)
            }
            let values = FloatFormat.f64.floats(step.model[0].bytes)
            step.masters = [
                Self.renamed(step.model[0], "wide"), TestTensor("single", shape: [24, 32], floats: values),
            ]
        }
        let (report, tensors) = try await workshop.roundTrip(steps, method)
        for back in tensors {
            let weight = try #require(back["model.a"])
            #expect(back["masters.wide"] == weight)
            #expect(back["masters.single"] == FloatFormat.f32.bytes(FloatFormat.f64.floats(weight)))
        }
        #expect(Self.copies(report.steps[3]).count == 2)
    }

    @Test(arguments: TestMethods.both)
    func anAverageThatLeavesItsWeightIsOneOfItsOwn(method: CompressionOptions.Method) async throws {
        var average: [Float] = [], count = 0
        let steps = Self.run.steps { step in
            count += 1
            let weight = FloatFormat.f32.floats(step.model[0].bytes)
            average = count < 3 ? weight : zip(average, weight).map { 0.6 * $0 + 0.4 * $1 }
            step.model.append(TestTensor("average.a", shape: [24, 32], floats: average))
            step.states.append([])
        }
        let (report, tensors) = try await workshop.roundTrip(steps, method)
        for step in 0..<2 { #expect(tensors[step]["model.average.a"] == tensors[step]["model.a"]) }
        #expect(tensors[2]["model.average.a"] == steps[2].model[3].bytes)
        #expect(Self.copies(report.steps[1]).map(\.name) == ["average.a"])
        #expect(Self.isExact(report.steps[3], "average.a") == false && Self.copies(report.steps[3]).isEmpty)
    }

    @Test(arguments: TestMethods.both)
    func aCopyThatDiffersBeyondTheSampleIsExact(method: CompressionOptions.Method) async throws {
        let steps = Self.run.steps { step in
            step.masters = [Self.renamed(step.model[0], "full")]
            step.masters[0].bytes[4 * 50] ^= 1
        }
        let (report, tensors) = try await workshop.roundTrip(steps, method)
        for (step, back) in zip(steps, tensors) { #expect(back["masters.full"] == step.masters[0].bytes) }
        #expect(report.steps.allSatisfy { Self.copies($0).isEmpty })
        #expect(Self.isExact(report.steps[3], "a") == false)
    }

    @Test(arguments: TestMethods.both)
    func zerosAndOnesAreNobodysCopies(method: CompressionOptions.Method) async throws {
        let steps = Self.run.steps { step in
            step.model[1].change { $0 = $0.map { _ in 1 } }
            step.model[2].change { $0 = $0.map { _ in 0 } }
            step.masters = [
                TestTensor("ones", shape: [32], floats: [Float](repeating: 1, count: 32)),
                TestTensor("zeros", shape: [20, 24], floats: [Float](repeating: 0, count: 480)),
            ]
        }
        let (report, tensors) = try await workshop.roundTrip(steps, method)
        for back in tensors {
            #expect(
                back["masters.ones"] == steps[0].masters[0].bytes && back["masters.zeros"] == steps[0].masters[1].bytes)
        }
        #expect(report.steps.allSatisfy { Self.copies($0).isEmpty })
    }

    @Test(arguments: TestMethods.both)
    func halfPrecisionFollowsAMasterWithoutOptimizerState(method: CompressionOptions.Method) async throws {
        let steps = Self.run.steps { step in
            step.masters = [Self.renamed(step.model[0], "0"), Self.renamed(step.model[2], "1")]
            step.model = step.model.map { $0.converted(to: .bf16) }
            step.states = step.model.map { _ in [] }
        }
        let (report, tensors) = try await workshop.roundTrip(steps, method)
        for back in tensors {
            for (master, name) in [("0", "a"), ("1", "c")] {
                let values = FloatFormat.f32.floats(try #require(back["masters.\(master)"]))
                #expect(FloatFormat.bf16.bytes(values) == back["model.\(name)"])
            }
        }
        #expect(Self.copies(report.steps[3]).count == 2)
    }
}
