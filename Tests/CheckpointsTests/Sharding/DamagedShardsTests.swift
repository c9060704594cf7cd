import FileSystem
import Testing
import VarveTestSupport

@testable import Checkpoints

/// Every file of every layout of shards: cut, empty, missing, of another step, exchanged with another rank's. Reading names
/// the file or gives the tensors that were there before. What no format tells is listed, file by file.
@Suite struct DamagedShardsTests {
    /// Files beside the shards that no tensor is read from: they may be missing.
    private static let auxiliary = ["fsdp_config.json", "config.json", "data.pt"]

    private enum Damage: CaseIterable {
        case half, lastByte, all, file

        func bytes(_ original: [UInt8]) -> [UInt8]? {
            switch self {
            case .half: Array(original[..<(original.count / 2)])
            case .lastByte: Array(original.dropLast())
            case .all: []
            case .file: nil
            }
        }
    }

    /// - Returns: what is wrong with the outcome; `nil` where it names one of the files or gives what was there.
    private func fault(_ outcome: DamagedRun.Outcome, _ run: DamagedRun, naming paths: [String]) -> String? {
        switch outcome {
        case .refused(let message):
            return paths.contains { message.contains($0) } ? nil : "another file is named: \(message)"
        case .read(let tensors, let warnings):
            if tensors == run.whole { return nil }
            if warnings.contains(where: { warning in paths.contains { warning.contains($0) } }) { return nil }
            let other = run.whole.keys.filter { tensors[$0] != run.whole[$0] }.sorted()
            return "\(other.count) tensors are others, among them \(other.first ?? "")"
        }
    }

    /// Two ways for each file, in turn.
    @Test(arguments: DamagedRun.names) func whatIsCutOrMissingIsNamed(name: String) throws {
        let run = try DamagedRun(name)
        for (index, path) in run.files.enumerated() {
            for turn in [index, index + 2] {
                let damage = Damage.allCases[turn % 4]
                // MLX: a step has an optimizer or none, and without its model there is no checkpoint at all.
                if path.hasSuffix(".npz"), damage == .file { continue }
                let outcome = try run.reading([path: damage.bytes(run.originals[path] ?? [])])
                if let fault = fault(outcome, run, naming: [path]) {
                    Issue.record("\(name) \(path) without \(damage): \(fault)")
                }
                let isRead = if case .read = outcome { true } else { false }
                #expect(!isRead || Self.auxiliary.contains(Paths.split(path).name), "\(path) without \(damage)")
            }
        }
    }

    /// Files that say nothing of their step: of equal sizes they cannot be told apart. Everything else can.
    private static func isWithoutStep(_ name: String, _ path: String) -> Bool {
        let file = Paths.split(path).name
        return switch name {
        // Pieces of a distributed checkpoint hold what the metadata say, and the metadata name no step.
        case "dcp_fsdp_2ranks", "mcore_dp_reshardable": file.hasSuffix(".distcp")
        // A pipeline's layers and experts are weights alone.
        case "ds_pipeline", "deepspeed_moe": file.hasPrefix("layer_")
        // Megatron's flat buffers, the step is beside the model.
        case "mcore_legacy": file == "distrib_optim.pt"
        // verl's models are weights alone.
        case "verl_fsdp2": file.hasPrefix("model_")
        // MLX: a single file of each kind, of which only the name tells the step.
        case "mlx_npz": true
        default: false
        }
    }

    @Test(arguments: DamagedRun.names) func filesOfAnotherStepAreNamed(name: String) throws {
        let run = try DamagedRun(name)
        for path in run.files {
            let outcome = try run.reading([path: try run.ofAnotherStep(path)])
            let fault = fault(outcome, run, naming: [path])
            if Self.isWithoutStep(name, path) {
                #expect(fault?.contains("tensors are others") ?? false, "\(name) \(path) can be told now")
            } else {
                #expect(fault == nil, "\(name) \(path): \(fault ?? "")")
            }
        }
    }

    /// Pairs that nothing tells apart: same names, same shapes, no rank inside.
    private static func isWithoutRank(_ name: String, _ one: String, _ other: String) -> Bool {
        let file = Paths.split(one).name
        return switch name {
        // Stage 3: every rank has as much of every parameter.
        case "deepspeed_zero3": file.hasSuffix("optim_states.pt")
        // Two layers of one kind.
        case "ds_pipeline": one.hasSuffix("layer_01-model_states.pt") && other.hasSuffix("layer_02-model_states.pt")
        // Megatron-LM's arguments have the rank; these were made with Megatron-Core alone.
        case "mcore_legacy": true
        // Flat buffers of two ranks with as many parameters.
        case "mcore_dp_reshardable":
            file.hasPrefix("__2_") && Paths.split(other).name == "__3_" + file.dropFirst("__2_".count)
        default: false
        }
    }

    @Test(arguments: DamagedRun.names) func exchangedFilesAreNamed(name: String) throws {
        let run = try DamagedRun(name)
        func template(_ path: String) -> String { String(path.map { $0.isNumber ? "0" : $0 }) }
        for (index, one) in run.files.enumerated() {
            for other in run.files[(index + 1)...] where template(one) == template(other) {
                let outcome = try run.reading([one: run.originals[other], other: run.originals[one]])
                let fault = fault(outcome, run, naming: [one, other])
                if Self.isWithoutRank(name, one, other) {
                    #expect(fault?.contains("tensors are others") ?? false, "\(name) \(one), \(other) can be told now")
                } else {
                    #expect(fault == nil, "\(name) \(one), \(other): \(fault ?? "")")
                }
            }
        }
    }

    // MARK: Wrong numbers

    /// - Parameter isWanted: the numbers one of which is changed at a time.
    private func expectNamed(
        _ name: String, _ file: String, naming: [String], _ change: (Int) -> Int,
        isWanted: (PickleNumbers.Number) -> Bool
    ) throws {
        let run = try DamagedRun(name)
        let path = try run.file(file)
        let numbers = PickleNumbers(run.originals[path] ?? [])
        let wanted = numbers.numbers.filter(isWanted).prefix(6)
        #expect(!wanted.isEmpty, "\(name) \(file) has no such number")
        for number in wanted {
            let outcome = try run.reading([path: numbers.file(number, change(number.value))])
            let problem = fault(outcome, run, naming: naming)
            #expect(problem == nil, "\(name) \(file) \(number.key) \(number.value): \(problem ?? "")")
            if case .read(let tensors, _) = outcome { #expect(tensors != run.whole, "\(number.key) is not read") }
        }
    }

    @Test(arguments: ["dcp_fsdp_2ranks", "mcore_dp_reshardable"]) func wrongChunksAreNamed(name: String) throws {
        for key in ["offsets", "sizes"] {
            try expectNamed(name, ".metadata", naming: [".metadata", ".distcp"], { $0 + 1 }) { $0.key == key }
        }
        // Where a piece begins: the first number behind its file's name.
        try expectNamed(name, ".metadata", naming: [".metadata", ".distcp"], { $0 - 1 }) {
            $0.key == "offset" && $0.keyBefore.hasSuffix(".distcp") && $0.value > 0
        }
    }

    @Test func wrongFragmentsAreNamed() throws {
        let file = "bf16_zero_pp_rank_1_mp_rank_00_optim_states.pt"
        let ranks = [file, "bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt", "mp_rank_00_model_states.pt"]
        try expectNamed("deepspeed_zero1", file, naming: ranks, { $0 - 1 }) { $0.key == "numel" }
        try expectNamed("deepspeed_zero1", file, naming: ranks, { $0 + 1 }) { $0.key == "partition_count" }
        try expectNamed("deepspeed_zero3", file, naming: ranks, { $0 + 1 }) { $0.key == "partition_count" }
    }

    @Test func wrongShapesAndRanksAreNamed() throws {
        let file = "mp_rank_00_model_states.pt"
        for change in [-1, 1] {
            try expectNamed("deepspeed_zero1", file, naming: [file], { $0 + change }) {
                $0.key == "wte.weight" && $0.value > 1
            }
        }
        try expectNamed("deepspeed_zero1", file, naming: [file], { $0 - 1 }) { $0.key == "dp_world_size" }
    }

    @Test func wrongParallelSizesAreNamed() throws {
        let run = try DamagedRun("mcore_legacy")
        let paths = run.files.filter { $0.hasSuffix("model_optim_rng.pt") }
        func changed(_ path: String, _ value: Int) throws -> [UInt8] {
            let numbers = PickleNumbers(run.originals[path] ?? [])
            return numbers.file(try #require(numbers["tensor_model_parallel_size"].first), value)
        }
        let one = try run.reading([paths[0]: try changed(paths[0], 1)])
        #expect(fault(one, run, naming: [paths[0]]) == nil, "\(one)")
        let both = try run.reading([paths[0]: try changed(paths[0], 1), paths[1]: try changed(paths[1], 1)])
        #expect(fault(both, run, naming: paths) == nil, "\(both)")
    }
}
