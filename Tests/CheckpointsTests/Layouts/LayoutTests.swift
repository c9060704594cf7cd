import FileSystem
import TensorFiles
import Testing

@testable import Checkpoints

/// What a layout says of itself is all that the rest of the module goes by.
@Suite struct LayoutTests {
    /// A checkpoint of a layout: its files, one of which is cut off, and whether that one is an error.
    struct Example: CustomTestStringConvertible, Sendable {
        var title: String
        var files: [String]
        var cut: String
        var isStrict = false
        /// Of its files.
        var content = Array("no container".utf8)

        var testDescription: String { title }
    }

    /// An archive's end record alone.
    private static let emptyZip: [UInt8] = [0x50, 0x4B, 5, 6] + [UInt8](repeating: 0, count: 18)

    static let examples = [
        Example(title: "plain files", files: ["model.pt"], cut: "model.safetensors", isStrict: true),
        Example(
            title: "Hugging Face Trainer", files: ["trainer_state.json"], cut: "model.safetensors", isStrict: true),
        Example(
            title: "accelerate save_state", files: ["random_states_0.pkl"], cut: "model.safetensors", isStrict: true),
        Example(title: "torch.distributed.checkpoint", files: [".metadata"], cut: "extra.safetensors"),
        Example(title: "DeepSpeed", files: ["mp_rank_00_model_states.pt"], cut: "extra.safetensors"),
        Example(title: "Megatron-LM", files: ["mp_rank_00/model_optim_rng.pt"], cut: "extra.safetensors"),
        Example(title: "SpeechBrain", files: ["CKPT.yaml"], cut: "model.ckpt"),
        Example(title: "Orbax", files: ["_CHECKPOINT_METADATA"], cut: "extra.safetensors"),
        Example(title: "Keras", files: ["model.weights.h5"], cut: "other.h5"),
        Example(title: "MLX", files: ["0000010_model.npz"], cut: "model.safetensors", content: emptyZip),
    ]

    @Test func everyLayoutHasAnExample() {
        let titles = (Layouts.all + [PlainLayout.self]).map { $0.title }
        #expect(titles.sorted() == Self.examples.map(\.title).sorted())
    }

    /// A checkpoint as it would be read, though nothing has looked whether it is whole.
    private func read(_ temporary: TemporaryRun, _ files: [String: [UInt8]]) throws -> StepContents {
        var entries: [RunEntry] = []
        for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
            try temporary.write("step_10/" + name, bytes)
            let identity = try FileIdentity(path: Paths.join(temporary.path, "step_10/" + name))
            entries.append(RunEntry(path: "step_10/" + name, identity: identity))
        }
        let step = Step(number: 10, path: "step_10", isDirectory: true, entries: entries)
        return try StepContents.read(step, of: Run(root: temporary.path, steps: [step]))
    }

    @Test(arguments: examples)
    func aFileThatCannotBeReadIsAnErrorWhereAllAreUnderstood(_ example: Example) throws {
        let temporary = try TemporaryRun()
        var files = Dictionary(uniqueKeysWithValues: example.files.map { ($0, example.content) })
        #expect(try read(temporary, files).layout == example.title)
        files[example.cut] = Array(SmallSafetensors.weights(1).dropLast(3))
        if example.isStrict {
            let error = #expect(throws: VarveError.self) { try read(temporary, files) }
            #expect(error?.code == .truncated)
            #expect(error?.location.file?.hasSuffix(example.cut) == true)
        } else {
            #expect(try read(temporary, files).files.count == files.count)
        }
    }

    @Test func piecesAreNeverOpenedAndFilesOfOtherLayoutsNotUnderstood() throws {
        let temporary = try TemporaryRun()
        let whole = SmallSafetensors.weights(1)
        let contents = try read(
            temporary,
            [
                "trainer_state.json": Array("{}".utf8), "model.safetensors": whole,
                "pytorch_model_fsdp_0/__0_0.distcp": Array(whole.dropLast(3)),
                "global_step10/mp_rank_00_model_states.pt": whole, "distrib_optim.pt": whole,
            ])
        let opened = contents.files.filter { $0.tensorFile != nil }.map { Paths.split($0.path).name }
        #expect(opened == ["distrib_optim.pt", "mp_rank_00_model_states.pt", "model.safetensors"])
        let weights = contents.parameters.compactMap(\.weight)
        #expect(weights.map { Paths.split(contents.files[$0.file].path).name } == ["model.safetensors"])
    }

    @Test func aFolderOfLooseFilesIsNoCheckpoint() throws {
        for ending in ["safetensors", "npz", "h5"] {
            let temporary = try TemporaryRun()
            let bytes = ending == "h5" ? Array("no container".utf8) : SmallSafetensors.weights(1)
            for number in [10, 20] { try temporary.write("model_1/ckpt_\(number).\(ending)", bytes) }
            #expect(try temporary.discover().steps.map(\.number) == [10, 20], "\(ending)")
        }
    }

    @Test func aDirectoryWithoutANumberIsACheckpointWhereItsFilesTellOne() throws {
        let temporary = try TemporaryRun()
        try temporary.write("last/trainer_state.json", #"{"global_step": 30}"#)
        try temporary.write("last/model.safetensors", SmallSafetensors.weights(3))
        // The folder of a run looks the same.
        try temporary.write("run/trainer_state.json", #"{"global_step": 20}"#)
        try temporary.write("run/model.safetensors", SmallSafetensors.weights(2))
        try temporary.write("run/checkpoint-10/model.safetensors", SmallSafetensors.weights(1))
        try temporary.write("run/checkpoint-10/trainer_state.json", #"{"global_step": 10}"#)
        let run = try Run.discoverAll(temporary.path)
        #expect(run.steps.first { $0.path == "last" }?.number == 30)
        #expect(run.steps.first { $0.path == "run/checkpoint-10" }?.number == 10)
        #expect(!run.steps.contains { $0.path == "run" })
    }

    @Test func speechBrainsDirectoriesAreNumberedByTheirCounters() throws {
        let temporary = try TemporaryRun()
        for (name, epoch) in [("CKPT+a", 1), ("CKPT+b", 2), ("CKPT+c", 3)] {
            try temporary.write("\(name)/model.ckpt", SmallSafetensors.weights(Float(epoch)))
            try temporary.write("\(name)/counter.ckpt", "\(epoch)")
            if epoch < 3 { try temporary.write("\(name)/CKPT.yaml", "epoch: \(epoch)") }
        }
        let run = try temporary.discover()
        #expect(run.steps.map(\.number) == [1, 2])
        #expect(run.steps.filter(\.isEpoch).count == 2)
        #expect(run.skipped.map(\.path) == ["CKPT+c"])
        #expect(run.skipped.first?.reason.location.file?.hasSuffix("CKPT.yaml") == true)
    }

    @Test func numbersInFilesCountOnlyWhereTheLayoutUnderstandsThem() throws {
        for (mark, number) in [("notes.txt", 7), ("mp_rank_00_model_states.pt", 10)] {
            let temporary = try TemporaryRun()
            try temporary.write("global_step10/" + mark, "no container")
            try temporary.write(
                "global_step10/model.safetensors", SmallSafetensors.weights(1, metadata: ["step": "7"]))
            #expect(try temporary.discover().steps.map(\.number) == [number], "\(mark)")
        }
    }

    @Test func megatronsTrackerMarksTheNewestUnfinished() throws {
        let temporary = try TemporaryRun()
        for step in [10, 20] {
            try temporary.write("iter_00000\(step)/mp_rank_00/model_optim_rng.pt", "no container")
        }
        try temporary.write("latest_checkpointed_iteration.txt", "10")
        let run = try temporary.discover()
        #expect(run.steps.map(\.number) == [10])
        #expect(run.skipped.map(\.path) == ["iter_0000020"])
    }

    /// Says no more of itself than a layout must.
    private enum SilentLayout: Layout {
        static let title = "silent"
        static func recognizes(_ shape: StepShape) -> Bool { false }
    }

    @Test func aLayoutThatSaysNoMoreThanItMustIsKeptWhole() throws {
        let layout: any Layout.Type = SilentLayout.self
        let temporary = try TemporaryRun()
        try temporary.write("a/model.safetensors", SmallSafetensors.weights(1))
        let folder = CheckpointFolder("a", in: try RunScan(temporary.path))
        let found = FileNumbers(metadata: StepNumber(value: 7, ground: .metadata))
        #expect(layout.numbers(found, in: folder).metadata == nil)
        #expect(try layout.inventory([]).dictionaries.isEmpty)
        #expect(layout.isOfDirectories && !layout.isStrict && !layout.namesAreCounters)
        #expect(!layout.isCheckpoint(unnumbered: StepShape("a", in: try RunScan(temporary.path))) { false })
        #expect(layout.tracker == nil && layout.lastFile(of: folder) == nil)
        #expect(!layout.owns("model.safetensors") && !layout.isPiece("model.safetensors"))
    }
}
