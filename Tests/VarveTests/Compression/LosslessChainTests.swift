import ChainArchive
import TensorCodecs
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Method `lossless`: every byte of every file comes back, however the run is and however it was added.
@Suite struct LosslessChainTests {
    let workshop = RunWorkshop()

    static let runs: [String] =
        ((try? SystemCalls.list(Paths.join(Fixture.root, "runs"))) ?? []).sorted()
        .map { Paths.join(Fixture.root, "runs/" + $0) }
        .filter { Directories.exists($0) && !$0.hasSuffix("/expected") } + [Fixture.trainerRun, Fixture.oddRun]

    private func expectSame(_ run: String, _ archive: String, _ output: String) async throws {
        try await Restorer(archive: workshop.path(archive), options: RestoreOptions(selection: .all))
            .restore(to: workshop.path(output))
        #expect(try Trees.differences(run, workshop.path(output)) == [])
    }

    @Test func thereAreRuns() { #expect(Self.runs.count > 10) }

    @Test(arguments: runs, [1, 2, 50])
    func everyFileComesBack(run: String, keyframeInterval: Int) async throws {
        let options = CompressionOptions(method: .lossless, keyframeInterval: keyframeInterval)
        let result = try await Compressor(run: run, archive: workshop.path("a.varve"), options: options).compress()
        #expect(!result.added.isEmpty)
        try await expectSame(run, "a.varve", "out")
        let verified = try await Verifier(archive: workshop.path("a.varve"), against: run).verify()
        #expect(verified.isIntact && verified.differences.isEmpty, "\(verified.findings) \(verified.differences)")
        for (index, step) in try workshop.report().steps.enumerated() {
            #expect(step.isKeyframe == (index % keyframeInterval == 0))
            #expect(step.method == "lossless" && step.tensors.allSatisfy(\.isExact))
            #expect(step.total.squaredError == 0)
        }
    }

    @Test func everyStepAloneIsTheSame() async throws {
        let steps = TransformAppendTests.steps()
        try workshop.write(steps)
        try await workshop.compress("run", "a.varve", .lossless, keyframeInterval: 4)
        for step in steps.reversed() {
            let output = workshop.path("single-\(step.number)")
            try await Restorer(
                archive: workshop.path("a.varve"), options: RestoreOptions(selection: .step(step.number), threads: 1)
            ).restore(to: output)
            let name = RunWorkshop.fileName(step.number)
            #expect(try Trees.bytes(Paths.join(output, name)) == step.file())
        }
    }

    /// Whatever method a step was stored with, the next one of any other goes on from it.
    @Test func methodsFollowEachOther() async throws {
        let steps = TransformAppendTests.steps()
        let methods: [CompressionOptions.Method] = [
            TestMethods.exactKeyframes, .lossless, TestMethods.transform, .lossless, TestMethods.excp, .lossless,
        ]
        for round in 0..<2 {
            let archive = "mixed-\(round).varve"
            for (index, step) in steps.enumerated() {
                try workshop.write([step], to: archive + "-run")
                let method = methods[(index + round) % methods.count]
                let result = try await workshop.compress(archive + "-run", archive, method)
                #expect(result.added == [step.number] && result.skipped.isEmpty)
            }
            let verified = try await Verifier(
                archive: workshop.path(archive), against: workshop.path(archive + "-run")
            ).verify()
            #expect(verified.isIntact && verified.differences.isEmpty, "\(verified.findings) \(verified.differences)")
            let restored = try await workshop.restore(archive)
            for (index, step) in steps.enumerated() where methods[(index + round) % methods.count] == .lossless {
                let name = RunWorkshop.fileName(step.number)
                #expect(restored[name] == step.file(), "step \(step.number)")
                let output = workshop.path("\(archive)-\(step.number)")
                try await Restorer(
                    archive: workshop.path(archive), options: RestoreOptions(selection: .step(step.number))
                ).restore(to: output)
                #expect(try Trees.bytes(Paths.join(output, name)) == step.file(), "step \(step.number) alone")
            }
        }
    }

    /// Two calls of one method behind another method store what one call stores.
    @Test func appendingBehindAnotherMethodIsTheSameInOneCallAndInTwo() async throws {
        let steps = TransformAppendTests.steps()
        for archive in ["one", "two"] {
            try workshop.write(Array(steps[..<3]), to: archive)
            try await workshop.compress(archive, archive + ".varve")
        }
        for step in steps[3...] {
            try workshop.write([step], to: "two")
            try await workshop.compress("two", "two.varve", .lossless)
        }
        try workshop.write(Array(steps[3...]), to: "one")
        try await workshop.compress("one", "one.varve", .lossless)
        let one = try workshop.parts("one.varve"), two = try workshop.parts("two.varve")
        #expect(one.count == steps.count && Set(one.keys) == Set(two.keys))
        for (name, bytes) in one { #expect(two[name] == bytes, "\(name)") }
    }

    @Test func valuesThatAreNoNumbersAndParametersThatComeAndGo() async throws {
        var steps = TransformAppendTests.steps()
        for (index, value) in [Float.nan, .infinity, -.infinity].enumerated() {
            steps[1].model[index].change { $0[3] = value }
            steps[2].states[index][0].change { $0[1] = value }
            steps[3].states[index][1].change { $0[2] = value }
        }
        // A parameter vanishes for two steps, another changes its shape, a third its type.
        for index in [2, 3] {
            steps[index].model.remove(at: 3)
            steps[index].states.remove(at: 3)
        }
        for index in steps.indices.dropFirst(4) {
            steps[index].model[0].shape.reverse()
            for state in steps[index].states[0].indices { steps[index].states[0][state].shape.reverse() }
            steps[index].model[1] = steps[index].model[1].converted(to: .f16)
        }
        try workshop.write(steps)
        try await workshop.compress("run", "a.varve", .lossless)
        try await expectSame(workshop.path("run"), "a.varve", "out")
        for step in steps {
            try workshop.write([step], to: "growing")
            try await workshop.compress("growing", "b.varve", .lossless)
        }
        #expect(try workshop.parts("a.varve") == workshop.parts("b.varve"))
    }

    /// What stands still, in any role, is a flag.
    @Test func unchangedTensorsCostNothing() async throws {
        let still = TransformAppendTests.run.step(0)
        var steps = (0..<4).map { index in
            var step = still
            step.number = DriftingRun.number(index)
            return step
        }
        steps[3].model[0].change { $0[0] += 1 }
        try workshop.write(steps)
        try await workshop.compress("run", "a.varve", .lossless)
        try await expectSame(workshop.path("run"), "a.varve", "out")
        for (index, step) in try workshop.report().steps.enumerated().dropFirst() {
            for tensor in step.tensors where index < 3 || tensor.name != "wide.weight" || tensor.role != .weight {
                #expect(tensor.coding == .unchanged && tensor.figures.storedBytes == 0, "\(tensor.name)")
            }
        }
    }

    /// Optimizers that keep one moment as floats and the other as bytes, as complex numbers, or wider.
    @Test(arguments: [("F32", "U8"), ("F32", "C64"), ("C64", "F32"), ("F32", "F64"), ("U8", "F32"), ("BF16", "I8")])
    func momentsOfDifferentTypesComeBack(first: String, second: String) async throws {
        let widths = ["U8": 1, "I8": 1, "BF16": 2, "F32": 4, "F64": 8, "C64": 8]
        for var step in DriftingRun([.init("w", [32, 24]), .init("v", [24])], steps: 3).steps() {
            for index in step.states.indices {
                for (position, dtype) in [first, second].enumerated() {
                    let shape = step.states[index][position].shape
                    let size = shape.reduce(1, *) * (widths[dtype] ?? 4)
                    let bytes = SeededTensors.bytes(
                        of: SeededTensors.floats(size / 4 + 1, seed: UInt64(step.number + 3 * index + position)))
                    step.states[index][position] = TestTensor(
                        step.states[index][position].name, dtype: dtype, shape: shape, bytes: Array(bytes[..<size]))
                }
            }
            try Trees.write(step.file(), to: workshop.path("run/ckpt_\(step.number).pt"))
        }
        for method in [CompressionOptions.Method.lossless, TestMethods.excp, TestMethods.transform] {
            let archive = workshop.path("types-\(method).varve")
            _ = try await Compressor(
                run: workshop.path("run"), archive: archive, options: CompressionOptions(method: method)
            ).compress()
            let verified = try await Verifier(archive: archive, against: workshop.path("run")).verify()
            #expect(verified.isIntact && verified.differences.isEmpty, "\(verified.findings) \(verified.differences)")
        }
    }
}
