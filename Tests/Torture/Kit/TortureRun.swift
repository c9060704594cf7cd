import FileSystem
import TensorFiles
import VarveTestSupport

/// The run that everything is tried on: three checkpoints as of the Hugging Face Trainer, of some kilobytes, with an
/// optimizer, hard and symbolic links, a copied model, an empty directory and files that belong to no step.
package enum TortureRun {
    package static let steps = [10, 20, 30]

    private static func shapes(_ scale: Int) -> [DriftingRun.Shape] {
        [
            .init("embed.weight", [12 * scale, 8]), .init("layer.weight", [8 * scale, 8]),
            .init("layer.bias", [8 * scale]),
        ]
    }

    package static func directory(_ step: Int) -> String { "checkpoint-\(step)" }

    /// Writes the first `count` steps and what lies beside them.
    /// - Parameter scale: how many times as long each tensor is.
    package static func make(at path: String, steps count: Int = 3, scale: Int = 1) throws {
        let run = DriftingRun(shapes(scale), steps: count)
        for index in 0..<count {
            let step = run.step(index)
            let directory = Paths.join(path, directory(step.number))
            try Directories.create(directory)
            try write(SafetensorsMaker.file(step.model, metadata: [("format", "pt")]), directory, "model.safetensors")
            try write(optimizer(step), directory, "optimizer.pt")
            try write(Array("{\"global_step\": \(step.number), \"log\": []}\n".utf8), directory, "trainer_state.json")
            let config = Paths.join(directory, "config.json")
            if index == 0 {
                try write(Array("{\"hidden_size\": 8}\n".utf8), directory, "config.json")
            } else {
                try SystemCalls.link(Paths.join(path, "checkpoint-10/config.json"), config)
            }
            try SystemCalls.setModificationTime(directory, nanoseconds: time)
        }
        let last = directory(10 * count)
        try write(Array("\(count) checkpoints\n".utf8), path, "notes.txt")
        try write([UInt8](repeating: 7, count: 6000), path, "events.bin")
        try SystemCalls.symbolicLink(target: last, at: Paths.join(path, "latest"))
        try Directories.create(Paths.join(path, "empty"))
        try write(
            SafetensorsMaker.file(run.step(count - 1).model, metadata: [("format", "pt")]), path, "final.safetensors")
        // What changes from step to step has another time each: a change is told by size and time.
        for name in ["notes.txt", "final.safetensors", "latest", "empty"] {
            try SystemCalls.setModificationTime(
                Paths.join(path, name), nanoseconds: time + Int64(count) * 1_000_000_000)
        }
    }

    /// Writes a checkpoint's state again, as a run that went on from an earlier one does.
    package static func rewrite(_ step: Int, at path: String) throws {
        let folder = Paths.join(path, directory(step))
        let name = Paths.join(folder, "trainer_state.json")
        try Directories.remove(name)
        try write(Array("{\"global_step\": \(step), \"log\": [1]}\n".utf8), folder, "trainer_state.json")
        try SystemCalls.setModificationTime(name, nanoseconds: time + 1)
        try SystemCalls.setModificationTime(folder, nanoseconds: time)
    }

    private static let time: Int64 = 1_700_000_000_000_000_000

    private static func write(_ bytes: [UInt8], _ directory: String, _ name: String) throws {
        let path = Paths.join(directory, name)
        let file = try OutputFile(path)
        try file.write(bytes, at: 0)
        try file.commit(sync: false)
        try SystemCalls.setModificationTime(path, nanoseconds: time)
    }

    /// `optimizer.pt`: state and param groups of AdamW.
    private static func optimizer(_ step: TrainingStep) -> [UInt8] {
        var writer = PickleWriter()
        var storages: [(key: String, bytes: [UInt8])] = []
        writer.opcode(0x7D)
        writer.mark()
        writer.string("state")
        writer.opcode(0x7D)
        writer.mark()
        for (index, state) in step.states.enumerated() {
            writer.int(index)
            writer.dict(state.map { ($0.name, $0) }) { writer, tensor in
                writer.tensor(
                    storage: String(storages.count), count: tensor.shape.reduce(1, *), shape: tensor.shape)
                storages.append((String(storages.count), tensor.bytes))
            }
        }
        writer.opcode(0x75)
        writer.string("param_groups")
        writer.opcode(0x5D)
        writer.mark()
        writer.opcode(0x7D)
        writer.mark()
        for (key, value) in step.group {
            writer.string(key)
            writer.float(value)
        }
        writer.string("params")
        writer.opcode(0x5D)
        writer.mark()
        for index in step.states.indices { writer.int(index) }
        writer.opcode(0x65, 0x75, 0x65, 0x75)
        return TorchMaker.zip(pickle: writer.finished(), storages: storages)
    }
}
