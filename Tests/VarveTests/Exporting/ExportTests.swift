import FileSystem
import Synchronization
import TensorCodecs
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Names, shards and unusual tensors of an export, and what it leaves when it fails.
@Suite struct ExportTests {
    let workshop = RunWorkshop()

    private func export(
        _ archive: String = "a.varve", to name: String = "out", shardBytes: UInt64 = 5_000_000_000,
        onlyWeights: Bool = false, overwrite: Bool = false, progress: ProgressHandler? = nil
    ) async throws {
        var options = RestoreOptions(selection: .latest, onlyWeights: onlyWeights, overwrite: overwrite)
        options.format = .safetensors(shardBytes: shardBytes)
        try await Restorer(archive: workshop.path(archive), options: options)
            .restore(to: workshop.path(name), progress: progress)
    }

    private func compress(_ file: [UInt8]) async throws {
        try Trees.write(file, to: workshop.path("run/ckpt_10.pt"))
        try await workshop.compress("run", "a.varve", .lossless)
    }

    private func names(_ name: String = "out") throws -> [String] {
        try SystemCalls.list(workshop.path(name)).sorted()
    }

    static let model = [
        TestTensor("a", shape: [10, 10], seed: 1), TestTensor("large", shape: [50, 20], seed: 2),
        TestTensor("b", shape: [10, 10], seed: 3), TestTensor("c", shape: [10, 10], seed: 4),
        TestTensor("count", dtype: "I64", shape: [], bytes: LittleEndianBytes.of(Int64(7))),
        TestTensor("quote\"\\\u{1}\u{e9}", shape: [3], seed: 5), TestTensor("none", shape: [0, 4], bytes: []),
    ]

    @Test func aFileThatFitsNeedsNoList() async throws {
        try await compress(TorchMaker.zip(Self.model))
        try await export()
        #expect(try names() == ["model.safetensors"])
        let found = try ExportedFiles(workshop.path("out"), "model").tensors
        #expect(found.count == Self.model.count)
        for tensor in Self.model {
            #expect(
                found[tensor.name]
                    == ExportedFiles.Tensor(
                        dtype: try #require(DType(rawValue: tensor.dtype)), shape: tensor.shape, bytes: tensor.bytes))
        }
    }

    @Test func shardsAreNoLargerThanAskedUnlessOneTensorIs() async throws {
        try await compress(TorchMaker.zip(Self.model))
        try await export(shardBytes: 800)
        let found = try ExportedFiles(workshop.path("out"), "model")
        #expect(found.files.count == 4)
        #expect(found.tensors.count == Self.model.count)
        for (name, members) in found.files {
            let bytes = members.reduce(0) { $0 + (found.tensors[$1]?.bytes.count ?? 0) }
            #expect(bytes <= 800 || members == ["large"], "\(name)")
        }
    }

    @Test func viewsSecondNamesAndOtherOrdersAreWrittenAsTheyAre() async throws {
        let values = SeededTensors.floats(24 * 32, seed: 9)
        var pickle = PickleWriter()
        let views: [(name: String, offset: Int, shape: [Int], strides: [Int]?)] = [
            ("rows", 0, [24, 32], nil), ("tied", 0, [24, 32], nil), ("part", 32, [4, 32], nil),
            ("transposed", 0, [32, 24], [1, 32]), ("spread", 0, [24, 16], [32, 2]), ("repeated", 5, [3, 8], [0, 1]),
        ]
        pickle.dict(views.map { ($0.name, $0) }) { pickle, view in
            pickle.tensor(
                storage: "0", count: values.count, offset: view.offset, shape: view.shape, strides: view.strides)
        }
        try await compress(
            TorchMaker.zip(pickle: pickle.finished(), storages: [("0", SeededTensors.bytes(of: values))]))
        try await export()
        let found = try ExportedFiles(workshop.path("out"), "model").tensors
        for view in views {
            let strides = view.strides ?? [view.shape[1], 1]
            var wanted: [Float] = []
            for row in 0..<view.shape[0] {
                for column in 0..<view.shape[1] {
                    wanted.append(values[view.offset + row * strides[0] + column * strides[1]])
                }
            }
            #expect(found[view.name]?.shape == view.shape, "\(view.name)")
            #expect(found[view.name]?.bytes == SeededTensors.bytes(of: wanted), "\(view.name)")
        }
    }

    @Test func theTransposedMatrixAloneIsWrittenRowByRow() async throws {
        let values = SeededTensors.floats(24 * 32, seed: 9)
        var pickle = PickleWriter()
        pickle.dict([("w", 0)]) { pickle, _ in
            pickle.tensor(storage: "0", count: values.count, shape: [32, 24], strides: [1, 32])
        }
        try await compress(
            TorchMaker.zip(pickle: pickle.finished(), storages: [("0", SeededTensors.bytes(of: values))]))
        try await export()
        var wanted: [Float] = []
        for row in 0..<32 { for column in 0..<24 { wanted.append(values[row + 32 * column]) } }
        #expect(
            try ExportedFiles(workshop.path("out"), "model").tensors["w"]?.bytes == SeededTensors.bytes(of: wanted))
    }

    /// Masters in a list have no names; their values tell whose they are.
    @Test func mastersGoWithTheOptimizerAndWeightsKeepTheirType() async throws {
        let masters = [TestTensor("a", shape: [24, 32], seed: 1), TestTensor("b", shape: [40, 16], seed: 2)]
        let model = masters.map { $0.converted(to: .bf16) }
        var pickle = PickleWriter()
        pickle.opcode(0x7D)
        pickle.mark()
        pickle.string("model")
        pickle.dict(model.enumerated().map { ($1.name, $0) }) { pickle, index in
            pickle.tensor(
                storage: "\(index)", storageClass: "BFloat16Storage", count: model[index].shape.reduce(1, *),
                shape: model[index].shape)
        }
        pickle.string("masters")
        pickle.opcode(0x5D)
        pickle.mark()
        for (index, master) in masters.enumerated() {
            pickle.tensor(storage: "\(2 + index)", count: master.shape.reduce(1, *), shape: master.shape)
        }
        pickle.opcode(0x65, 0x75)
        let storages = (model + masters).enumerated().map { ("\($0)", $1.bytes) }
        try Trees.write(
            TorchMaker.zip(pickle: pickle.finished(), storages: storages), to: workshop.path("run/ckpt_10.pt"))
        try await workshop.compress("run", "a.varve", TestMethods.exactKeyframes)
        try await export()
        let weights = try ExportedFiles(workshop.path("out"), "model").tensors
        let states = try ExportedFiles(workshop.path("out"), "optimizer").tensors
        #expect(weights.count == 2 && states.count == 2)
        for (weight, master) in zip(model, masters) {
            #expect(weights[weight.name]?.dtype == .bf16 && weights[weight.name]?.bytes == weight.bytes)
            #expect(states["\(weight.name).fp32_master"]?.bytes == master.bytes)
        }
        try await export(to: "weights", onlyWeights: true)
        #expect(try names("weights") == ["model.safetensors"])
    }

    @Test func statesHaveTheNamesOfTheirWeights() async throws {
        let steps = DriftingRun([.init("a", [24, 32]), .init("b", [40, 16])], steps: 2, updates: 3).steps()
        try workshop.write(steps)
        try await workshop.compress("run", "a.varve", .lossless)
        try await export()
        let last = try #require(steps.last)
        let states = try ExportedFiles(workshop.path("out"), "optimizer").tensors
        #expect(states.count == 4)
        for (weight, state) in zip(last.model, last.states) {
            for tensor in state {
                #expect(states["\(weight.name).\(tensor.name)"]?.bytes == tensor.bytes, "\(weight.name) \(tensor.name)")
            }
        }
        try await export(to: "weights", onlyWeights: true)
        #expect(try names("weights") == ["model.safetensors"])
    }

    @Test func whatIsLeftOutIsSaid() async throws {
        let run = DriftingRun([.init("a", [24, 32]), .init("b", [40, 16])], steps: 1, updates: 3)
        let noise = TestTensor("noise", dtype: "U8", shape: [5000], bytes: [UInt8](repeating: 3, count: 5000))
        try workshop.write(run.steps { $0.masters = [noise] })
        try await workshop.compress("run", "a.varve", .lossless)
        let notices = Mutex<[String]>([])
        try await export { event in
            if case .notice(let text) = event { notices.withLock { $0.append(text) } }
        }
        let said = notices.withLock { $0 }
        #expect(said.count == 1 && said[0].contains("1 tensors are neither") && said[0].contains("noise"), "\(said)")
    }

    @Test func aTypeThatSafetensorsLacksIsRefusedByName() async throws {
        try await compress(
            TorchMaker.zip(
                Self.model + [
                    TestTensor("wide", dtype: "C128", shape: [64], bytes: [UInt8](repeating: 1, count: 1024))
                ]))
        let error = await #expect(throws: VarveError.self) { try await export() }
        #expect(error?.code == .unsupported && error?.location.tensor == "wide")
        #expect(!Directories.exists(workshop.path("out")))
        #expect(try SystemCalls.list(workshop.directory.path).sorted() == ["a.varve", "run"])
    }

    @Test func anInterruptedExportLeavesNothing() async throws {
        try await compress(TorchMaker.zip(Self.model))
        let error = await #expect(throws: VarveError.self) {
            try await Task {
                try await export { event in
                    if case .size = event { withUnsafeCurrentTask { $0?.cancel() } }
                }
            }.value
        }
        #expect(error?.code == .interrupted)
        #expect(try SystemCalls.list(workshop.directory.path).sorted() == ["a.varve", "run"])
    }

    @Test func filesOfAnotherExportAreNotMixedIn() async throws {
        try await compress(TorchMaker.zip(Self.model))
        try await export()
        let before = try Trees.content(workshop.path("out"))
        let unasked = await #expect(throws: VarveError.self) { try await export() }
        #expect(unasked?.code == .exists)
        // The single file would be read before the shards.
        let mixed = await #expect(throws: VarveError.self) { try await export(shardBytes: 800, overwrite: true) }
        #expect(mixed?.code == .exists && mixed?.location.file == workshop.path("out/model.safetensors"))
        #expect(try Trees.content(workshop.path("out")) == before)
        try await export(overwrite: true)
        #expect(try Trees.content(workshop.path("out")) == before)
    }
}
