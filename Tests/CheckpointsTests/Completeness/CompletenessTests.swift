import Foundation
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

@testable import Checkpoints

/// Checkpoints of many ranks are whole when their own files say so, whatever number of files other checkpoints have.
@Suite struct CompletenessTests {
    /// What is written for one step: paths relative to the run, and bytes.
    typealias Files = [(path: String, bytes: [UInt8])]

    /// The first step is always whole: of the second one file at a time is missing, empty or cut.
    private func checkEveryFile(_ first: Files, _ second: Files, optional: Set<String> = []) throws {
        let temporary = try TemporaryRun()
        for file in first + second { try temporary.write(file.path, file.bytes) }
        let whole = try temporary.discover()
        #expect(whole.steps.count == 2 && whole.skipped.isEmpty, "\(whole.skipped)")
        for file in second {
            let path = Paths.join(temporary.path, file.path)
            for harm in Harm.allCases where harm != .cut || file.bytes.count > 2 {
                try harm.apply(to: path, file.bytes)
                let run = try temporary.discover()
                if optional.contains(file.path) {
                    #expect(run.steps.count == 2, "\(file.path) \(harm)")
                } else {
                    #expect(run.steps.count == 1 && !run.skipped.isEmpty, "\(file.path) \(harm)")
                }
            }
            try temporary.write(file.path, file.bytes)
        }
        #expect(try temporary.discover().steps.count == 2)
    }

    private enum Harm: CaseIterable {
        case missing, empty, cut

        func apply(to path: String, _ bytes: [UInt8]) throws {
            switch self {
            case .missing: try FileManager.default.removeItem(atPath: path)
            case .empty: try Data().write(to: URL(fileURLWithPath: path))
            case .cut: try Data(bytes.prefix(bytes.count * 2 / 3)).write(to: URL(fileURLWithPath: path))
            }
        }
    }

    // MARK: Made files

    private func torch(_ fields: [(String, Int)], names: [String] = []) -> [UInt8] {
        var writer = PickleWriter()
        writer.opcode(0x7D)
        writer.mark()
        for (key, value) in fields {
            writer.string(key)
            writer.int(value)
        }
        writer.string("param_shapes")
        writer.opcode(0x5D)
        writer.mark()
        writer.dict(names.map { ($0, 4) }) { writer, count in writer.tuple([count]) }
        writer.opcode(0x65)
        writer.string("w")
        writer.tensor(storage: "0", count: 4, shape: [4])
        writer.opcode(0x75)
        return TorchMaker.zip(pickle: writer.finished(), storages: [("0", [UInt8](repeating: 1, count: 16))])
    }

    /// `.metadata` with the same fields as torch's own, as plain dicts; a real one is in Fixtures/dcp.
    private func metadata(_ pieces: [(file: String, offset: Int, length: Int)]) -> [UInt8] {
        var writer = PickleWriter()
        writer.opcode(0x7D)
        writer.mark()
        writer.string("storage_data")
        writer.opcode(0x7D)
        writer.mark()
        for (index, piece) in pieces.enumerated() {
            writer.string("tensor \(index)")
            writer.opcode(0x7D)
            writer.mark()
            writer.string("relative_path")
            writer.string(piece.file)
            writer.string("offset")
            writer.int(piece.offset)
            writer.string("length")
            writer.int(piece.length)
            writer.opcode(0x75)
        }
        writer.opcode(0x75, 0x75)
        return writer.finished()
    }

    private func piece(_ count: Int) -> [UInt8] { [UInt8](repeating: 7, count: count) }

    // MARK: Layouts

    @Test func aDistributedCheckpointNeedsEveryPieceItLists() throws {
        func step(_ number: Int) -> Files {
            let folder = "step-\(number)/"
            return [
                (
                    folder + ".metadata",
                    metadata([("__0_0.distcp", 0, 60), ("__0_0.distcp", 60, 40), ("__1_0.distcp", 0, 9)])
                ),
                (folder + "__0_0.distcp", piece(100)), (folder + "__1_0.distcp", piece(9)),
            ]
        }
        try checkEveryFile(step(10), step(20))
    }

    @Test func aRealDistributedCheckpointIsWholeAndCutOnesAreNot() throws {
        let folder = Paths.join(RunFolders.fixtures, "../dcp")
        func step(_ number: Int) throws -> Files {
            try [".metadata", "__0_0.distcp"].map {
                ("step-\(number)/\($0)", [UInt8](try Data(contentsOf: URL(fileURLWithPath: Paths.join(folder, $0)))))
            }
        }
        try checkEveryFile(try step(10), try step(20))
    }

    @Test func fewerRanksThanBeforeAreNoLoss() throws {
        func step(_ number: Int, ranks: Int) -> Files {
            [
                (
                    "global_step\(number)/mp_rank_00_model_states.pt",
                    torch([("dp_world_size", ranks), ("mp_world_size", 1)])
                )
            ]
                + (0..<ranks).map {
                    ("global_step\(number)/bf16_zero_pp_rank_\($0)_mp_rank_00_optim_states.pt", torch([("rank", $0)]))
                }
        }
        try checkEveryFile(step(10, ranks: 3), step(20, ranks: 2))
        try checkEveryFile(step(10, ranks: 1), step(20, ranks: 4))
    }

    @Test func everyStageAndLayerOfAPipelineIsNeeded() throws {
        func step(_ number: Int) -> Files {
            let folder = "global_step\(number)/"
            let sizes = [("dp_world_size", 1), ("mp_world_size", 2)]
            return [
                (folder + "mp_rank_00_model_states.pt", torch(sizes, names: ["0.weight", "1.weight"])),
                (folder + "mp_rank_01_model_states.pt", torch(sizes, names: ["2.weight"])),
            ] + (0..<3).map { (folder + "layer_0\($0)-model_states.pt", torch([])) }
                + (0..<2).map { (folder + "zero_pp_rank_0_mp_rank_0\($0)_optim_states.pt", torch([])) }
        }
        try checkEveryFile(step(10), step(20))
    }

    @Test func everyExpertIsNeeded() throws {
        func step(_ number: Int) -> Files {
            let folder = "global_step\(number)/"
            return [(folder + "mp_rank_00_model_states.pt", torch([("dp_world_size", 1), ("mp_world_size", 1)]))]
                + (0..<2).flatMap { layer in
                    (0..<2).map { (folder + "layer_\(layer)_expert_\($0)_mp_rank_00_model_states.pt", torch([])) }
                }
        }
        // Of the last layer or the last expert of all nothing tells but the others.
        try checkEveryFile(step(10), step(20))
    }

    @Test func everyPieceOfAUniversalCheckpointIsNeeded() throws {
        func step(_ number: Int) -> Files {
            let folder = "global_step\(number)_universal/"
            return [
                (
                    folder + "mp_rank_00_model_states.pt",
                    torch([("dp_world_size", 2), ("mp_world_size", 1)], names: ["a", "b"])
                )
            ]
                + ["a", "b"].flatMap { name in
                    ["fp32", "exp_avg", "exp_avg_sq"].map { ("\(folder)zero/\(name)/\($0).pt", torch([])) }
                }
        }
        try checkEveryFile(step(10), step(20))
    }

    @Test func namesThatCarryTheNumberOfRanksAreCounted() throws {
        func step(_ number: Int, ranks: Int) -> Files {
            ["model", "optim"].flatMap { kind in
                (0..<ranks).map {
                    ("global_step_\(number)/actor/\(kind)_world_size_\(ranks)_rank_\($0).pt", torch([("step", number)]))
                }
            }
        }
        try checkEveryFile(step(10, ranks: 4), step(20, ranks: 2))
    }

    @Test func theTrainerNeedsWhatFSDPAndDeepSpeedKeepInside() throws {
        func sharded(_ number: Int) -> Files {
            let folder = "checkpoint-\(number)/"
            return ["pytorch_model_fsdp_0", "optimizer_0"].flatMap { inner -> Files in
                [
                    ("\(folder)\(inner)/.metadata", metadata([("__0_0.distcp", 0, 30)])),
                    ("\(folder)\(inner)/__0_0.distcp", piece(30)),
                ]
            } + [
                (folder + "rng_state_0.pth", torch([])), (folder + "rng_state_1.pth", torch([])),
                (folder + "trainer_state.json", Array("{\"global_step\": \(number)}".utf8)),
            ]
        }
        let temporary = try TemporaryRun()
        for file in sharded(10) + sharded(20) { try temporary.write(file.path, file.bytes) }
        #expect(try temporary.discover().steps.map(\.number) == [10, 20])
        for file in sharded(20) where !file.path.hasSuffix("rng_state_1.pth") {
            try FileManager.default.removeItem(atPath: Paths.join(temporary.path, file.path))
            #expect(try temporary.discover().steps.map(\.number) == [10], "\(file.path)")
            try temporary.write(file.path, file.bytes)
        }
    }

    /// LOCAL_STATE_DICT: weights in a file of each rank, the optimizer in a folder.
    @Test func theTrainerNeedsTheWeightsOfEveryRank() throws {
        func step(_ number: Int) -> Files {
            let folder = "checkpoint-\(number)/"
            return [
                ("\(folder)optimizer_0/.metadata", metadata([("__0_0.distcp", 0, 30)])),
                ("\(folder)optimizer_0/__0_0.distcp", piece(30)),
                (folder + "trainer_state.json", Array("{\"global_step\": \(number)}".utf8)),
            ]
                + (0..<2).flatMap {
                    [
                        (folder + "pytorch_model_fsdp_rank\($0).bin", torch([])),
                        (folder + "rng_state_\($0).pth", torch([])),
                    ]
                }
        }
        let temporary = try TemporaryRun()
        for file in step(10) + step(20) { try temporary.write(file.path, file.bytes) }
        #expect(try temporary.discover().steps.map(\.number) == [10, 20])
        for file in step(20) where file.path.contains("fsdp_rank") {
            try FileManager.default.removeItem(atPath: Paths.join(temporary.path, file.path))
            let run = try temporary.discover()
            #expect(run.steps.map(\.number) == [10])
            #expect(run.skipped.first?.reason.description.contains(Paths.split(file.path).name) == true)
            try temporary.write(file.path, file.bytes)
        }
    }

    /// Numbers in names that no rank has.
    @Test(arguments: ["rng_state_-1.pth", "pytorch_model_fsdp_rank-1.bin", "rng_state_+0.pth", "rng_state_.pth"])
    func namesThatOnlyLookLikeRanksChangeNothing(name: String) throws {
        let temporary = try TemporaryRun()
        try temporary.write("checkpoint-10/model.safetensors", SmallSafetensors.weights(1))
        try temporary.write("checkpoint-10/trainer_state.json", "{\"global_step\": 10}")
        try temporary.write("checkpoint-10/" + name, torch([]))
        #expect(try temporary.discover().steps.map(\.number) == [10])
    }

    /// Nothing beside it tells what is to come: its own files do.
    /// A saver that writes its marker before the folder that holds the weights.
    @Test func aTrainersStateBesideNoWeightsAtAllIsUnfinished() throws {
        func step(_ number: Int) -> Files {
            let folder = "checkpoint-\(number)/", inner = folder + "global_step\(number)/"
            return [
                (folder + "trainer_state.json", Array("{\"global_step\": \(number)}".utf8)),
                (folder + "latest", Array("global_step\(number)".utf8)),
                (inner + "mp_rank_00_model_states.pt", torch([("dp_world_size", 1), ("mp_world_size", 1)])),
            ]
        }
        let temporary = try TemporaryRun()
        for file in step(10) { try temporary.write(file.path, file.bytes) }
        let late = step(20)
        for count in 1..<late.count {
            try temporary.write(late[count - 1].path, late[count - 1].bytes)
            let run = try temporary.discover()
            #expect(run.steps.map(\.number) == [10] && run.skipped.count == 1, "\(late.prefix(count).map(\.path))")
        }
        try temporary.write(late[1].path, Array(late[1].bytes.dropLast(2)))
        try temporary.write(late[2].path, late[2].bytes)
        #expect(try temporary.discover().steps.map(\.number) == [10])
        try temporary.write(late[1].path, late[1].bytes)
        #expect(try temporary.discover().steps.map(\.number) == [10, 20])
    }

    /// What came after the marker, of formats that tell where they end.
    @Test func otherFilesThatAreCutOffMakeACheckpointIncomplete() throws {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 4), }"
        let array: [UInt8] =
            [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
            + [UInt8](repeating: 3, count: 80)
        let pickle: [UInt8] = [0x80, 4, 0x4B, 7, 0x2E]
        func step(_ number: Int) -> Files {
            let folder = "checkpoint-\(number)/"
            return [
                (
                    folder + "model.safetensors",
                    SafetensorsMaker.file([TestTensor("w", shape: [4], floats: [1, 2, 3, 4])])
                ),
                (folder + "trainer_state.json", Array("{\"global_step\": \(number)}".utf8)),
                (folder + "state.npy", array), (folder + "data/loader.pkl", pickle),
            ]
        }
        let temporary = try TemporaryRun()
        for file in step(10) + step(20) { try temporary.write(file.path, file.bytes) }
        #expect(try temporary.discover().steps.count == 2)
        for file in step(20).suffix(2) {
            for count in 1..<file.bytes.count {
                try temporary.write(file.path, Array(file.bytes.prefix(count)))
                let run = try temporary.discover()
                #expect(run.steps.map(\.number) == [10] && run.skipped.count == 1, "\(file.path) \(count)")
            }
            try temporary.write(file.path, file.bytes)
        }
        #expect(try temporary.discover().steps.count == 2)
    }

    @Test func theFirstCheckpointOfATrainerWithoutItsMarkerIsUnfinished() throws {
        let temporary = try TemporaryRun()
        try temporary.write("checkpoint-10/model.safetensors", SmallSafetensors.weights(1))
        try temporary.write("checkpoint-10/scheduler.pt", torch([]))
        #expect(try temporary.discover().skipped.map(\.path) == ["checkpoint-10"])
        try temporary.write("checkpoint-10/optimizer.pt", torch([]))
        try temporary.write("checkpoint-10/trainer_state.json", "{\"global_step\": 10}")
        #expect(try temporary.discover().steps.map(\.number) == [10])
    }

    @Test func listsOfPiecesThatLieAreNoChance() throws {
        for file in ["../../outside", "/etc/hostname"] {
            let temporary = try TemporaryRun()
            try temporary.write("step-10/.metadata", metadata([(file, 0, 1)]))
            try temporary.write("step-10/__0_0.distcp", piece(4))
            let run = try temporary.discover()
            #expect(run.steps.isEmpty && run.skipped.first?.reason.code == .malformed)
        }
    }
}

/// Runs of real frameworks on many ranks, beside the repository.
@Suite struct ShardedRunTests {
    /// Files of which nothing in a checkpoint says that there must be one, or that only settings and logs are in.
    private static let optional = [
        "config.json", "generation_config.json", "latest", "rng_state.pth", "rng_state_1.pth", "scheduler.pt",
        "training_args.bin", "fsdp_config.json", "data.pt", "optimizer_state.pt",
    ]
    private static let names = [
        "composer_mono", "dcp_fsdp_2ranks", "deepspeed_zero1", "deepspeed_zero3", "ds_pipeline", "ds_resized",
        "ds_universal", "hf_deepspeed_zero2", "hf_deepspeed_zero3", "hf_fsdp2_full", "hf_fsdp2_sharded",
        "mcore_dp_reshardable", "mcore_fully_reshardable", "mcore_legacy", "olmo_core", "titan_fsdp_tp", "verl_fsdp2",
    ]

    @Test(
        .enabled(if: RunFolders.shared != nil, "needs the shared runs: VARVE_SHARED names their folder"),
        arguments: names)
    func everyFileOfTheLastStepIsNeededOrAbsentWhenRestored(name: String) throws {
        let shared = try #require(RunFolders.shared)
        let temporary = try TemporaryRun()
        let source = try RunListingForTests.files(Paths.join(shared, name))
        for (path, bytes) in source { try temporary.write(path, bytes) }
        let run = try temporary.discover()
        #expect(run.steps.count == 3)
        let last = try #require(run.steps.last)
        let files = last.entries.filter { $0.identity.kind == .regular }.map(\.path)
        for path in files.count > 20 ? Array(files.prefix(8) + files.suffix(4)) : files {
            let full = Paths.join(temporary.path, path)
            let bytes = source[path] ?? []
            try FileManager.default.removeItem(atPath: full)
            let without = try temporary.discover()
            let isOptional =
                Self.optional.contains(Paths.split(path).name)
                || name == "hf_fsdp2_full" && path.hasSuffix("/model.safetensors")
            #expect(without.steps.count == (isOptional ? 3 : 2), "\(path) missing")
            for cut in [0, bytes.count * 2 / 3] {
                try temporary.write(path, Array(bytes.prefix(cut)))
                #expect(try temporary.discover().steps.count == 2, "\(path) cut to \(cut)")
            }
            try temporary.write(path, bytes)
        }
        #expect(try temporary.discover().steps.count == 3)
    }
}

/// All regular files below a folder.
enum RunListingForTests {
    static func files(_ folder: String) throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for case let path as String in FileManager.default.enumerator(atPath: folder) ?? .init() {
            let full = Paths.join(folder, path)
            guard try FileIdentity(path: full).kind == .regular else { continue }
            found[path] = [UInt8](try Data(contentsOf: URL(fileURLWithPath: full)))
        }
        return found
    }
}
