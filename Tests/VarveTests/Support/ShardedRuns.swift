import ChainArchive
import Checkpoints
import FileSystem
import TensorCodecs
import TensorFiles
import VarveTestSupport

/// Runs of several steps made from fixtures with one: every tensor that lies in pieces goes on a little from step to step.
enum ShardedRuns {
    /// Fixtures whose tensors lie in pieces of several files, by the framework that wrote them.
    static let names = [
        "dcp_fsdp_2ranks", "deepspeed_moe", "deepspeed_zero1", "deepspeed_zero3", "ds_pipeline", "mcore_dp_reshardable",
        "mcore_legacy", "mlx_npz", "verl_fsdp2",
    ]

    /// The step in the fixtures, which their paths name.
    private static let first = "60"

    static func write(_ name: String, steps: Int = 3, to root: String) throws {
        var files = try Trees.content(SharedRuns.fixtures("runs/\(name)")).mapValues { Array($0) }
        var random = SplitMix64(seed: 60)
        for number in (0..<steps).map({ 60 + 10 * $0 }) {
            let renamed = Dictionary(
                uniqueKeysWithValues: files.map { ($0.key.replacing(first, with: String(number)), $0.value) })
            for (path, bytes) in renamed {
                // Files beside the steps name the newest one.
                let isTracker = !path.contains(String(number))
                let text = String(decoding: bytes, as: UTF8.self).replacing(first, with: String(number))
                try Trees.write(isTracker ? Array(text.utf8) : bytes, to: Paths.join(root, path))
            }
            guard number > 60 else { continue }
            let run = try Run.discover(root)
            guard let step = run.steps.last, step.number == number else { continue }
            for (path, bytes) in try moved(try run.contents(of: step, pairs: try run.pairs()), &random) {
                try Trees.write(bytes, to: Paths.join(root, path))
                files[path.replacing(String(number), with: first)] = bytes
            }
        }
    }

    /// The files of a step with other values in their pieces, checksums redone.
    private static func moved(_ contents: StepContents, _ random: inout SplitMix64) throws -> [String: [UInt8]] {
        guard let assembly = contents.assembly else { return [:] }
        var patches: [Int: [(offset: UInt64, bytes: [UInt8])]] = [:]
        for (index, tensor) in assembly.tensors.enumerated() {
            guard let format = tensor.dtype.floatFormat, tensor.byteCount > 0 else { continue }
            let range = assembly.file.storages[index]
            var values = format.floats(try assembly.file.source.bytes(at: range.fileOffset, count: tensor.byteCount))
            for position in values.indices { values[position] *= 1 + 0.02 * Float(random.uniform() - 0.4) }
            try format.bytes(values).withUnsafeBytes { bytes in
                try tensor.layout.scatter(bytes) { (file, offset, part) throws(VarveError) in
                    patches[file, default: []].append((offset, Array(part)))
                }
            }
        }
        var result: [String: [UInt8]] = [:]
        for (file, own) in patches {
            let source = contents.files[file].source
            let copy = try OutputFile(source.name + ".copy", byteCount: source.byteCount)
            try copy.write(try source.bytes(at: 0, count: Int(source.byteCount)), at: 0)
            for (offset, bytes) in own { try copy.write(bytes, at: offset) }
            try ZipChecksums.reseal(
                copy, containers: assembly.containers[file],
                changed: own.map { $0.offset..<$0.offset + UInt64($0.bytes.count) })
            result[contents.files[file].path] = try copy.bytes(at: 0, count: Int(copy.byteCount))
        }
        return result
    }
}
