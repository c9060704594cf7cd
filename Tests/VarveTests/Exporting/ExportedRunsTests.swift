import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Runs of real frameworks: what is exported is what the frameworks' own loaders see.
@Suite struct ExportedRunsTests {
    let directory = try! TemporaryDirectory()

    static let names: [String] = {
        let expected = SharedRuns.fixtures("runs/expected")
        return ((try? SystemCalls.list(expected)) ?? []).sorted().compactMap { name in
            name.hasSuffix(".json") ? String(name.dropLast(5)) : nil
        }
    }()

    @Test(arguments: names)
    func everyTensorOfAFixtureIsTheFrameworks(name: String) async throws {
        let expected = try ExpectedRun.load(SharedRuns.fixtures("runs/expected/\(name).json"))
        let archive = directory.file("a.varve"), output = directory.file("out")
        _ = try await Compressor(
            run: SharedRuns.fixtures("runs/\(name)"), archive: archive, options: CompressionOptions(method: .lossless)
        ).compress()
        var options = RestoreOptions(selection: .all)
        options.format = .safetensors(shardBytes: 20_000)
        let steps = try await Restorer(archive: archive, options: options).restore(to: output)
        #expect(steps == expected.steps.map(\.step))
        for step in expected.steps {
            let folder = Paths.join(output, "step-\(step.step)")
            let weights = try ExportedFiles(folder, "model").tensors
            #expect(Set(weights.keys) == Set(step.parameters.map(\.name)))
            let hasStates = step.parameters.contains {
                $0.firstMoment != nil || $0.secondMoment != nil || $0.other?.isEmpty == false
            }
            let states = hasStates ? try ExportedFiles(folder, "optimizer").tensors : [:]
            for row in step.parameters {
                check(weights[row.name], row.weight, row.shape, "\(name) \(step.step): \(row.name)")
                for (moment, keys) in [
                    (row.firstMoment, ["exp_avg", "momentum_buffer", "m"]),
                    (row.secondMoment, ["exp_avg_sq", "square_avg", "v"]),
                ] {
                    let found = keys.compactMap { states["\(row.name).\($0)"] }
                    #expect(found.count == (moment?.sha256 == nil ? 0 : 1), "\(name) \(step.step): \(row.name) \(keys)")
                    check(found.first, moment, nil, "\(name) \(step.step): \(row.name) \(keys)")
                }
                for (key, tensor) in row.other ?? [:] {
                    check(states["\(row.name).\(key)"], tensor, nil, "\(name) \(step.step): \(row.name) \(key)")
                }
            }
        }
    }

    private func check(_ found: ExportedFiles.Tensor?, _ wanted: ExpectedRun.Tensor?, _ shape: [Int]?, _ what: String) {
        guard let wanted, let sha256 = wanted.sha256 else { return }
        guard let found else {
            Issue.record("\(what) is missing")
            return
        }
        if let dtype = wanted.dtype { #expect(found.dtype.rawValue == dtype, "\(what)") }
        if let shape = wanted.shape ?? shape { #expect(found.shape == shape, "\(what)") }
        #expect(SHA256.hash(found.bytes) == sha256, "\(what) has other values")
    }

    /// What a lossy method makes of a tensor is the same in either form.
    @Test(arguments: TestMethods.chains)
    func itIsWhatTheRestoredFilesHave(method: CompressionOptions.Method) async throws {
        let archive = directory.file("a.varve")
        _ = try await Compressor(
            run: Fixture.trainerRun, archive: archive, options: CompressionOptions(method: method)
        ).compress()
        for (selection, name, threads) in [
            (RestoreOptions.Selection.step(600), "one", 1), (.step(600), "three", 3), (.all, "all", 2),
        ] {
            var options = RestoreOptions(selection: selection, threads: threads)
            options.format = .safetensors(shardBytes: 300_000)
            try await Restorer(archive: archive, options: options).restore(to: directory.file(name))
        }
        let one = try Trees.content(directory.file("one"))
        #expect(one == (try Trees.content(directory.file("three"))))
        #expect(one == (try Trees.content(directory.file("all/step-600"))))
        try await Restorer(archive: archive, options: RestoreOptions(selection: .step(600)))
            .restore(to: directory.file("files"))
        let weights = try ExportedFiles(directory.file("one"), "model").tensors
        let restored = try RunWorkshop.tensors(try directory.read("files/model.safetensors"))
        #expect(weights.mapValues(\.bytes) == restored)
        let states = try ExportedFiles(directory.file("one"), "optimizer").tensors
        for (name, bytes) in try RunWorkshop.tensors(try directory.read("files/optimizer.pt")) {
            let key = name.split(separator: ".").last.map(String.init) ?? ""
            guard ["exp_avg", "exp_avg_sq"].contains(key) else { continue }
            #expect(states.contains { $0.key.hasSuffix("." + key) && $0.value.bytes == bytes }, "\(name)")
        }
        #expect(weights.keys.allSatisfy { states["\($0).exp_avg"]?.shape == weights[$0]?.shape })
    }
}
