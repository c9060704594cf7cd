import ChainArchive
import Checkpoints
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

@testable import Varve

/// A base may be a model in the local hub cache; nothing is taken from there unasked.
@Suite struct HubBaseTests {
    let directory: TemporaryDirectory
    let hub: HubFixture

    init() throws {
        directory = try TemporaryDirectory()
        hub = HubFixture(directory)
    }

    private static let first = "1111111111111111111111111111111111111111", second = "2222222"

    private func path(_ name: String) -> String { directory.file(name) }

    private func inCache<Value>(_ work: () async throws -> Value) async rethrows -> Value {
        try await HubCache.$current.withValue(HubCache(environment: { ["HF_HUB_CACHE": hub.path][$0] })) {
            try await work()
        }
    }

    /// Compresses `run` into `a.varve` or another archive, anew.
    @discardableResult
    private func compress(
        _ method: CompressionOptions.Method = .lossless, base: String? = nil, archive: String = "a.varve"
    ) async throws -> CompressionResult {
        try Directories.remove(path(archive))
        return try await inCache {
            try await Compressor(
                run: path("run"), archive: path(archive), options: CompressionOptions(method: method, base: base)
            ).compress()
        }
    }

    private func restore(base: String?) async throws {
        try Directories.remove(path("out"))
        _ = try await inCache {
            try await Restorer(archive: path("a.varve"), options: RestoreOptions(selection: .all, base: base))
                .restore(to: path("out"))
        }
    }

    private func suggestions(_ notices: [String]) -> [String] {
        notices.filter { $0.contains("`base = ") || $0.contains("--base ") }
    }

    // MARK: Where a base lies

    @Test(arguments: ["org/model", "org/model@main", "org/model@\(HubBaseTests.first)"])
    func aModelInTheCacheIsABase(name: String) async throws {
        try hub.add("org/model", commit: Self.first, files: [("model.safetensors", HubFixture.model())])
        try hub.writeRun()
        try await compress()
        let alone = try #require(Reporter(archive: path("a.varve")).report().steps.first).total.storedBytes
        let result = try await compress(base: name)
        #expect(try ArchiveReader(path("a.varve")).manifest(20).predecessor == .base)
        #expect(suggestions(result.notices).count == 1 && result.notices[0].contains("org/model@\(Self.first)"))
        let stored = try #require(Reporter(archive: path("a.varve")).report().steps.first).total.storedBytes
        #expect(stored < alone * 9 / 10, "\(stored) of \(alone)")
        try await restore(base: name)
        #expect(try Trees.differences(path("run"), path("out")) == [])
        try await inCache {
            let verified = try await Verifier(archive: path("a.varve"), deep: true, base: name).verify()
            #expect(verified.isIntact)
        }
    }

    @Test func aSnapshotIsABaseByItsPath() async throws {
        try hub.add("gpt", commit: Self.first, files: [("model.safetensors", HubFixture.model())])
        try hub.writeRun()
        let snapshot = path("hub/models--gpt/snapshots/\(Self.first)")
        for base in [snapshot, snapshot + "/model.safetensors"] {
            try await compress(base: base)
            try await restore(base: base)
            #expect(try Trees.differences(path("run"), path("out")) == [])
        }
    }

    @Test func aRevisionStaysWhatItWasWhenTheModelIsDownloadedAnew() async throws {
        try hub.add("gpt", commit: Self.first, files: [("model.safetensors", HubFixture.model())])
        try hub.writeRun()
        try await compress(base: "gpt")
        let other = SafetensorsMaker.file(
            HubFixture.training.shapes.map { TestTensor($0.name, shape: $0.shape, seed: 9) })
        try hub.add("gpt", commit: Self.second, files: [("model.safetensors", other)])
        let error = await #expect(throws: VarveError.self) { try await restore(base: "gpt") }
        #expect(error?.code == .usage && error?.message.contains("gpt@\(Self.first)") == true)
        try await restore(base: "gpt@\(Self.first)")
        #expect(try Trees.differences(path("run"), path("out")) == [])
    }

    @Test func aRestoreWithoutTheBaseNamesIt() async throws {
        try hub.add("org/model", commit: Self.first, files: [("model.safetensors", HubFixture.model())])
        try hub.writeRun()
        for (method, base, named) in [
            (.lossless, "org/model", "org/model@\(Self.first)"),
            (.transform(TransformOptions()), "org/model", "org/model@\(Self.first)"),
            (.lossless, path("hub/models--org--model/snapshots/\(Self.first)"), "snapshots/\(Self.first)"),
        ] as [(CompressionOptions.Method, String, String)] {
            try await compress(method, base: base)
            let error = await #expect(throws: VarveError.self) { try await restore(base: nil) }
            #expect(error?.code == .usage && error?.message.contains(named) == true, "\(String(describing: error))")
        }
    }

    @Test func aPathThatExistsGoesBeforeAName() throws {
        // The tests' working directory has it.
        try #require(Directories.exists("Sources"))
        try hub.add("Sources", commit: Self.first, files: [("model.safetensors", HubFixture.model())])
        let cache = HubCache(environment: { ["HF_HUB_CACHE": hub.path][$0] })
        #expect(try BaseLocation("Sources", cache: cache).isInHubCache == false)
        #expect(try BaseLocation("Sources@main", cache: cache).isInHubCache)
    }

    @Test func whatIsNeitherSaysWhereWasLooked() async throws {
        try hub.add("there", commit: Self.first, files: [("config.json", Array("{}".utf8))])
        try hub.writeRun()
        for (name, told) in [
            ("org/model", path("hub/models--org--model")), ("there@other", path("hub/models--there/refs/other")),
            ("there@other", "there@\(Self.first)"), ("a/b/c", "a/b/c"), ("../there", "../there"),
            ("there@../../x", "there@../../x"),
        ] {
            let error = await #expect(throws: VarveError.self) { try await compress(base: name) }
            #expect(error?.code == .notFound && error?.description.contains(told) == true, "\(name)")
            #expect(!Directories.exists(path("a.varve")))
        }
        let empty = await #expect(throws: VarveError.self) { try await compress(base: "there") }
        #expect(empty?.code == .usage)
    }

    @Test(
        arguments: [
            (["HF_HUB_CACHE": "/a", "HUGGINGFACE_HUB_CACHE": "/b", "HF_HOME": "/c"], "/a"),
            (["HUGGINGFACE_HUB_CACHE": "/b", "HF_HOME": "/c"], "/b"),
            (["HF_HOME": "/c", "XDG_CACHE_HOME": "/d"], "/c/hub"),
            (["HF_HOME": "", "XDG_CACHE_HOME": "/d", "HOME": "/h"], "/d/huggingface/hub"),
            (["HOME": "/h"], "/h/.cache/huggingface/hub"), (["HF_HOME": "~/hf", "HOME": "/h"], "/h/hf/hub"),
            ([:], nil),
        ] as [([String: String], String?)])
    func theEnvironmentTellsWhereTheCacheLies(environment: [String: String], directory: String?) {
        #expect(HubCache(environment: { environment[$0] }).directory == directory)
    }

    @Test func oneFormOfTheWeightsIsTaken() throws {
        let model = HubFixture.model(), torch = HubFixture.training.step(0).file()
        func files(_ directory: String) throws -> [String] {
            try #require(try Run.model(in: path(directory)).steps.first).entries.map(\.path)
        }
        for name in ["pytorch_model.bin", "model.safetensors"] {
            try directory.write(name.hasSuffix("bin") ? torch : model, to: "both/\(name)")
            #expect(try files("both") == [name])
        }
        let both = try BaseLocation(path("both")).contents()
        #expect(both.files.map(\.path) == ["model.safetensors"])
        for name in ["model-1-of-2.safetensors", "model-2-of-2.safetensors"] {
            try directory.write(model, to: "shards/\(name)")
        }
        try directory.write(torch, to: "shards/pytorch_model.bin")
        let list = #"{"weight_map": {"a": "model-2-of-2.safetensors", "b": "model-1-of-2.safetensors"}}"#
        try directory.write(Array(list.utf8), to: "shards/model.safetensors.index.json")
        #expect(try files("shards") == ["model-1-of-2.safetensors", "model-2-of-2.safetensors"])
        try SystemCalls.unlink(path("shards/model-1-of-2.safetensors"))
        try SystemCalls.symbolicLink(target: "nowhere", at: path("shards/model-1-of-2.safetensors"))
        let error = #expect(throws: VarveError.self) { try files("shards") }
        #expect(error?.code == .incomplete)
    }

    // MARK: Names

    @Test(arguments: [("", "bert."), ("model.", ""), ("", "base_model.model."), ("a.", "b.")])
    func aPrefixOfAllNamesIsSeenThrough(base: String, run: String) async throws {
        try hub.add("gpt", commit: Self.first, files: [("model.safetensors", HubFixture.model(base))])
        try hub.writeRun(prefix: run)
        let isSeen = base.isEmpty || run.isEmpty
        for method in [CompressionOptions.Method.lossless, .transform(TransformOptions())] {
            try await compress(method, base: "gpt")
            let manifest = try ArchiveReader(path("a.varve")).manifest(20)
            let names = Set(HubFixture.training.shapes.map { (isSeen ? run : base) + $0.name })
            #expect(Set(manifest.baseHashes.keys) == names && manifest.predecessor == .base)
            // Where nothing is built on the base, nobody is told that it is needed.
            #expect(BaseNote.name(in: manifest.notes) == (isSeen ? "gpt@\(Self.first)" : nil))
            try await restore(base: "gpt")
            if method == .lossless { #expect(try Trees.differences(path("run"), path("out")) == []) }
            if isSeen { await #expect(throws: VarveError.self) { try await restore(base: nil) } }
        }
    }

    @Test(arguments: [
        (["a.x", "a.y"], ["x", "y", "z"], BasePrefix.added("a.")),
        (["x", "y", "head"], ["m.n.x", "m.n.y"], .removed("m.n.")),
        (["x", "y"], ["x", "q.x", "q.y"], BasePrefix.none), (["x", "y"], ["z"], .none), ([], ["z"], .none),
        // As few as by no prefix: none.
        (["a.x", "b", "c", "d"], ["x"], .none),
        (["x", "a.x", "a.a.x"], ["a.x", "a.a.x", "a.a.a.x"], .none),
    ])
    func thePrefixIsThatOfMostNames(run: [String], base: [String], prefix: BasePrefix) {
        #expect(BasePrefix(run: Set(run), base: Set(base)) == prefix)
    }

    /// The names are made so that many prefixes give some of them.
    @Test func anArchivesNamesTellThePrefixAgain() {
        var random = SplitMix64(seed: 3)
        var seen: Set<BasePrefix> = []
        func names() -> Set<String> {
            Set(
                (0..<(1 + random.next() % 5)).map { _ in
                    (0..<(1 + random.next() % 4)).map { _ in ["a", "b"][Int(random.next() % 2)] }.joined(separator: ".")
                })
        }
        for _ in 0..<20_000 {
            let run = names(), base = names()
            let prefix = BasePrefix(run: run, base: base)
            seen.insert(prefix)
            let recorded = Set(base.compactMap(prefix.name))
            let again = BasePrefix(recorded: recorded, base: base)
            #expect(again == prefix, "\(run) \(base)")
            #expect(Set(base.compactMap(again.name)) == recorded)
        }
        #expect(seen.count > 5)
    }

    @Test(arguments: ["gpt2", "/a b/, kept outside: restoring needs --base /c", ""])
    func aNoteTellsTheNameAgain(name: String) {
        #expect(BaseNote.name(in: ["other", BaseNote.text(name)]) == name)
        #expect(BaseNote.name(in: ["other", BaseNote.text(name) + "x"]) == nil)
    }

    // MARK: What is suggested

    private static let configuration = #"{"_name_or_path": "org/model"}"#

    @Test(arguments: [
        ("config.json", configuration), ("adapter_config.json", #"{"base_model_name_or_path": "org/model"}"#),
        ("README.md", "---\ntags:\n- x\nbase_model: \"org/model\"\n---\n# A model\n"),
        ("README.md", "---\nbase_model:\n- org/model\n---\n"),
    ])
    func aRunThatNamesItsBaseIsToldOfIt(file: String, text: String) async throws {
        try hub.add("org/model", commit: Self.first, files: [("model.safetensors", HubFixture.model())])
        try hub.writeRun(prefix: "bert.", files: [file: text])
        for method in [CompressionOptions.Method.lossless, .transform(TransformOptions())] {
            let result = try await compress(method)
            let told = suggestions(result.notices)
            #expect(told.count == 1 && told[0].contains("`base = org/model` would store"), "\(result.notices)")
            #expect(told[0].contains("times smaller") && told[0].contains("local hub cache"))
            #expect(try ArchiveReader(path("a.varve")).manifest(20).predecessor == StepManifest.Predecessor.none)
            let again = try await inCache {
                try await Compressor(run: path("run"), archive: path("a.varve")).compress()
            }
            #expect(suggestions(again.notices) == [])
            let estimate = try await inCache {
                try await Estimator(
                    run: path("run"), archive: path("new.varve"), options: CompressionOptions(method: method)
                ).estimate()
            }
            #expect(suggestions(estimate.notices).count == 1)
        }
    }

    @Test func nothingIsSuggestedThatWouldSaveNothing() async throws {
        let unrelated = SafetensorsMaker.file(
            HubFixture.training.shapes.map { TestTensor($0.name, shape: $0.shape, seed: 9) })
        let halves = SafetensorsMaker.file(
            HubFixture.training.step(0).model.map {
                TestTensor(
                    $0.name, dtype: "BF16", shape: $0.shape, bytes: [UInt8](repeating: 1, count: $0.bytes.count / 2))
            })
        for files in [[("model.safetensors", unrelated)], [("model.safetensors", halves)], []] {
            try Directories.remove(path("hub"))
            try hub.add("org/model", commit: Self.first, files: files)
            try hub.writeRun(files: ["config.json": Self.configuration])
            #expect(suggestions(try await compress().notices) == [])
        }
        // What is there, but was named by the user, is not suggested as well.
        try Directories.remove(path("hub"))
        try hub.add("org/model", commit: Self.first, files: [("model.safetensors", HubFixture.model())])
        #expect(try await compress(base: "org/model").notices.count == 1)
    }

    /// What a configuration names after training was resumed.
    @Test func aRunIsNotItsOwnBase() async throws {
        for named in [path("run"), path("run/checkpoint-20")] {
            try hub.writeRun(files: ["config.json": "{\"_name_or_path\": \"\(named)\"}"])
            #expect(suggestions(try await compress().notices) == [])
        }
        // The same weights elsewhere are one.
        try directory.write(HubFixture.model(), to: "my model/model.safetensors")
        try hub.writeRun(files: ["config.json": "{\"_name_or_path\": \"\(path("my model"))\"}"])
        let told = suggestions(try await compress().notices)
        #expect(
            told.count == 1 && told[0].contains("`base = '\(path("my model"))'`") && told[0].contains("on this machine")
        )
    }

    @Test func aWatchSuggestsItBeforeItsFirstStep() async throws {
        try hub.add("org/model", commit: Self.first, files: [("model.safetensors", HubFixture.model())])
        try hub.writeRun(files: ["config.json": Self.configuration])
        let watcher = Watcher(
            run: path("run"), archive: path("a.varve"),
            options: WatchOptions(
                compression: CompressionOptions(method: .lossless), settle: .milliseconds(50), idle: .milliseconds(300))
        )
        let told = WatchTests.Notices()
        let result = try await inCache {
            try await watcher.watch { if case .notice(let text) = $0 { told.add(text) } }
        }
        #expect(result.added == [20, 30] && suggestions(told.all).count == 1, "\(told.all)")
    }
}
