import FileSystem
import TensorFiles
import Varve
import VarveTestSupport

/// A run of two checkpoints, one file of which is the input. The first byte tells which.
enum DiscoveryTarget {
    private enum Location: CaseIterable {
        case trainerState, shardIndex, secondPickle, optimizer, scheduler, config, names, nested
    }

    /// The codes of a run that cannot be read as one.
    private static let refusals: Set<VarveError.Code> = [
        .usage, .truncated, .malformed, .unsupported, .incomplete, .notFound, .sourceChanged,
    ]

    private static let model = SafetensorsMaker.file([
        TestTensor("a.weight", shape: [4, 3], seed: 1), TestTensor("b.bias", shape: [4], seed: 2),
    ])

    static func run(_ input: [UInt8]) throws {
        guard let first = input.first else { return }
        let root = Scratch.directory.file("run")
        try Directories.remove(root)
        defer { try? Directories.remove(root) }
        let rest = Array(input.dropFirst())
        let location = Location.allCases[Int(first) % Location.allCases.count]
        try write(rest, location, root)
        _ = try BrokenPromise.allowing(refusals) { () throws(VarveError) in
            try Inspector(path: root, hashes: true).inspect()
        }
    }

    private static func write(_ rest: [UInt8], _ location: Location, _ root: String) throws {
        func put(_ bytes: [UInt8], _ name: String) throws { try Scratch.write(bytes, to: Paths.join(root, name)) }
        switch location {
        case .trainerState, .shardIndex, .optimizer, .scheduler, .config:
            let name =
                switch location {
                case .trainerState: "trainer_state.json"
                case .shardIndex: "model.safetensors.index.json"
                case .optimizer: "optimizer.pt"
                case .scheduler: "scheduler.pt"
                default: "config.json"
                }
            try put(model, "checkpoint-10/model.safetensors")
            try put(rest, "checkpoint-10/" + name)
        case .secondPickle:
            try put(pickled(step(1)), "ckpt_1.pt")
            try put(pickled(rest), "ckpt_2.pt")
        case .names:
            for name in rest.split(separator: 0x0A).prefix(8) {
                let name = String(decoding: name, as: UTF8.self)
                guard isName(name) else { continue }
                try put(model, name)
            }
        case .nested:
            for name in rest.split(separator: 0x0A).prefix(4) {
                let name = String(decoding: name, as: UTF8.self)
                guard isName(name) else { continue }
                try put(model, name + "/model.safetensors")
            }
        }
    }

    /// Whether a file can have that name, and a longer one while it is written.
    private static func isName(_ name: String) -> Bool {
        Paths.isSafeRelative(name) && !name.utf8.contains(UInt8(ascii: "/")) && name.utf8.count < 200
    }

    /// A checkpoint file around a pickle; its storages are small and the same every time.
    private static func pickled(_ pickle: [UInt8]) -> [UInt8] {
        let storages = (0..<6).map { (String($0), SeededTensors.bytes(of: SeededTensors.floats(6, seed: UInt64($0)))) }
        return TorchMaker.zip(pickle: pickle, storages: storages)
    }

    /// A pickle of two weights and their moments.
    private static func step(_ number: Int) -> [UInt8] {
        var writer = PickleWriter()
        func tensors(_ names: [(String, Int)]) {
            writer.dict(names) { $0.tensor(storage: String($1), count: 6, shape: [2, 3]) }
        }
        writer.opcode(0x7D)
        writer.mark()
        writer.string("model")
        tensors([("a", 0), ("b", 1)])
        writer.string("optimizer")
        writer.opcode(0x7D)
        writer.mark()
        writer.string("state")
        writer.opcode(0x7D)
        writer.mark()
        for index in 0..<2 {
            writer.int(index)
            tensors([("exp_avg", 2 + index), ("exp_avg_sq", 4 + index)])
        }
        writer.opcode(0x75)
        writer.string("param_groups")
        writer.opcode(0x5D)
        writer.mark()
        writer.opcode(0x7D)
        writer.mark()
        writer.string("lr")
        writer.float(0.001)
        writer.string("params")
        writer.opcode(0x5D)
        writer.mark()
        for index in 0..<2 { writer.int(index) }
        writer.opcode(0x65, 0x75, 0x65, 0x75)
        writer.string("step")
        writer.int(number)
        writer.opcode(0x75)
        return writer.finished()
    }

    static func seeds() throws -> [[UInt8]] {
        func seed(_ location: Location, _ bytes: [UInt8]) -> [UInt8] {
            [UInt8(Location.allCases.firstIndex(of: location) ?? 0)] + bytes
        }
        let optimizer = pickled(step(3))
        var seeds = [
            seed(.trainerState, Array(#"{"global_step": 10, "epoch": 1.5, "log_history": [{"loss": 1e-3}]}"#.utf8)),
            seed(
                .shardIndex,
                Array(
                    #"{"metadata": {"total_size": 64}, "weight_map": {"a.weight": "model.safetensors", "b.bias": "model.safetensors"}}"#
                        .utf8)),
            seed(.secondPickle, step(2)), seed(.optimizer, optimizer), seed(.scheduler, optimizer),
            seed(.config, Array(#"{"model_type": "llama", "num_hidden_layers": 2}"#.utf8)),
        ]
        for names in [
            "step_10.safetensors\nstep_20.safetensors",
            "model-00001-of-00003.safetensors\nmodel-00002-of-00003.safetensors",
            "epoch=3-step=20.ckpt\nlast.ckpt", "iter_0000010.pt\n.tmp-12.pt", "ckpt-1e6.pt\nbest.pt",
        ] { seeds.append(seed(.names, Array(names.utf8))) }
        for names in ["checkpoint-10\ncheckpoint-20", "step_1\nstep_2.tmp", "global_step10\nlatest"] {
            seeds.append(seed(.nested, Array(names.utf8)))
        }
        return seeds
    }

    static let words =
        PickleTarget.words + [
            "\"global_step\":", "\"weight_map\":", "\"metadata\":", "checkpoint-", "step_", "epoch=", "-of-",
            ".safetensors",
            ".pt", ".tmp", ".incomplete", "last", "latest", "model-00001", "optimizer.pt",
        ]
}
