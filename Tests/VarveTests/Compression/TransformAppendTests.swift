import TensorCodecs
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// However a run comes into the archive, the same is stored.
@Suite struct TransformAppendTests {
    let workshop = RunWorkshop()

    static let run = DriftingRun(
        [
            .init("wide.weight", [24, 40]), .init("tall.weight", [40, 24]), .init("norm.weight", [40]),
            .init("experts.weight", [3, 16, 18]), .init("half.weight", [20, 20]),
        ], steps: 6)

    /// The last weight is bf16 with a float32 master.
    static func steps() -> [TrainingStep] {
        run.steps { step in
            let master = step.model[4]
            step.model[4] = master.converted(to: .bf16)
            var kept = master
            kept.name = "master_param"
            step.states[4].append(kept)
        }
    }

    @Test(arguments: TestMethods.all)
    func appendingWithoutTheOriginalsStoresWhatOneCallStores(method: CompressionOptions.Method) async throws {
        let steps = Self.steps()
        try workshop.write(steps)
        try await workshop.compress("run", "whole.varve", method, keyframeInterval: 5)
        for (index, step) in steps.enumerated() {
            try workshop.write([step], to: "rotating")
            // In calls of one and of two steps.
            if index % 3 == 1 { continue }
            let result = try await workshop.compress("rotating", "grown.varve", method, keyframeInterval: 5)
            #expect(result.skipped.isEmpty && !result.added.isEmpty)
            try Directories.remove(workshop.path("rotating"))
        }
        let whole = try workshop.parts("whole.varve"), grown = try workshop.parts("grown.varve")
        #expect(Set(whole.keys) == Set(grown.keys) && whole.count == steps.count)
        for (name, bytes) in whole { #expect(grown[name] == bytes, "\(name)") }
        #expect(try await workshop.restore("grown.varve").filter { $0.key.hasSuffix(".pt") }.count >= 1)
        for step in steps {
            for archive in ["whole.varve", "grown.varve"] {
                try await Restorer(
                    archive: workshop.path(archive), options: RestoreOptions(selection: .step(step.number))
                ).restore(to: workshop.path("\(archive)-\(step.number)"))
            }
            #expect(
                try Trees.differences(
                    workshop.path("whole.varve-\(step.number)"), workshop.path("grown.varve-\(step.number)")) == [])
        }
    }

    @Test(arguments: TestMethods.transforms + [TestMethods.lossless])
    func threadsChangeNothing(method: CompressionOptions.Method) async throws {
        try workshop.write(Self.steps())
        try await workshop.compress("run", "1.varve", method, threads: 1)
        let restored = try await workshop.restore("1.varve", threads: 1)
        for threads in [2, 3] {
            try await workshop.compress("run", "\(threads).varve", method, threads: threads)
            #expect(try Trees.differences(workshop.path("1.varve"), workshop.path("\(threads).varve")) == [])
            #expect(try await workshop.restore("1.varve", threads: threads) == restored)
        }
    }
}
