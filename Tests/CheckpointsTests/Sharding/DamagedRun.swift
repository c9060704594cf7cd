import FileSystem
import TensorFiles
import VarveTestSupport

@testable import Checkpoints

/// A copy of a fixture whose files are damaged one at a time, and what reading it gives.
final class DamagedRun {
    enum Outcome {
        case refused(String)
        /// What the tensors hold, by parameter and role, and what a user hears.
        case read([String: String], warnings: [String])
    }

    /// The runs of shards among the fixtures.
    static let names = [
        "dcp_fsdp_2ranks", "deepspeed_moe", "deepspeed_zero1", "deepspeed_zero3", "ds_pipeline", "mcore_legacy",
        "mcore_dp_reshardable", "verl_fsdp2", "mlx_npz",
    ]

    private let run: TemporaryRun
    /// The files' bytes by their paths in the run.
    let originals: [String: [UInt8]]
    /// What the whole run holds.
    let whole: [String: String]

    init(_ name: String) throws {
        run = try TemporaryRun()
        let root = Paths.join(RunFolders.fixtures, name)
        var originals: [String: [UInt8]] = [:]
        for path in try SharedRuns.files(under: root) {
            let input = try InputFile(path)
            let bytes = try input.bytes(at: 0, count: Int(input.byteCount))
            let relative = String(path.dropFirst(root.count + 1))
            originals[relative] = bytes
            try run.write(relative, bytes)
        }
        self.originals = originals
        guard case .read(let whole, _) = try Self.read(run) else {
            throw VarveError(.usage, "the fixture itself is refused", file: name)
        }
        self.whole = whole
    }

    /// The paths of the step's own files, in order.
    var files: [String] {
        originals.keys.filter { $0.contains("/") || $0.hasSuffix(".npz") }.sorted()
    }

    func file(_ name: String) throws -> String {
        guard let path = originals.keys.first(where: { Paths.split($0).name == name || $0 == name }) else {
            throw VarveError(.notFound, "no such file in the fixture", file: name)
        }
        return path
    }

    /// Reads the run with other bytes for some files, `nil` for files that are not there, and mends it again.
    func reading(_ changed: [String: [UInt8]?]) throws -> Outcome {
        for (path, bytes) in changed {
            try SystemCalls.unlink(Paths.join(run.path, path))
            if let bytes { try run.write(path, bytes) }
        }
        defer { for path in changed.keys { try? run.write(path, originals[path] ?? []) } }
        return try Self.read(run)
    }

    /// Every tensor is gathered: what a parameter says can be read is read.
    private static func read(_ folder: TemporaryRun) throws -> Outcome {
        do throws(VarveError) {
            let run = try Run.discover(folder.path)
            guard let step = run.steps.first else {
                return .refused("\(run.skipped.first.map { "\($0.reason)" } ?? "no step")")
            }
            let contents = try StepContents.read(step, of: run)
            return .read(try hashes(contents), warnings: contents.warnings)
        } catch {
            return .refused("\(error)")
        }
    }

    private static func hashes(_ contents: StepContents) throws(VarveError) -> [String: String] {
        var hashes: [String: String] = [:]
        func add(_ index: TensorIndex?, _ name: String) throws(VarveError) {
            guard let index, let (file, tensor) = contents.tensor(index) else { return }
            hashes[name] = "\(tensor.shape) \(SHA256.hash(try file.contiguousBytes(of: tensor)))"
        }
        for parameter in contents.parameters {
            try add(parameter.weight, "\(parameter.name) weight")
            try add(parameter.firstMoment, "\(parameter.name) first moment")
            try add(parameter.secondMoment, "\(parameter.name) second moment")
            for value in parameter.other {
                if case .tensor(let index) = value.content { try add(index, "\(parameter.name) \(value.key)") }
            }
        }
        return hashes
    }
}

extension DamagedRun {
    /// A file as it would be at another step: other step numbers wherever it has some, and a bit of another value.
    func ofAnotherStep(_ path: String) throws -> [UInt8] {
        var bytes = originals[path] ?? []
        for key in ["global_steps", "iteration", "step", "last_epoch"] {
            for number in PickleNumbers(bytes)[key] where number.value == 60 {
                bytes = PickleNumbers(bytes).file(number, 40)
            }
        }
        // A counter that is a tensor has a storage of its own, 60.0 as float32.
        for start in stride(from: 0, to: bytes.count - 3, by: 4) where bytes[start..<start + 4] == [0, 0, 0x70, 0x42] {
            bytes[start + 2] = 0x20
        }
        if let position = try positionOfData(path) { bytes[position] ^= 1 }
        return bytes
    }

    /// A byte of the largest tensor of a file.
    private func positionOfData(_ path: String) throws -> Int? {
        let source = MemorySource(originals[path] ?? [], name: path)
        if path.hasSuffix(".distcp") {
            let metadata = Paths.join(Paths.split(path).directory, DCPMetadata.fileName)
            let list = try DCPMetadata(
                MemorySource(originals[metadata] ?? [], name: metadata), folder: Paths.split(path).directory)
            let own = list.tensors.flatMap(\.chunks).filter { $0.slice.path == path && !$0.sizes.contains(0) }
            guard let slice = own.max(by: { $0.slice.length < $1.slice.length })?.slice,
                let file = try TensorFile.open(try SliceSource(source, slice.offset..<slice.offset + slice.length))
            else { return nil }
            return file.storages.first.map { Int(slice.offset + $0.fileOffset) }
        }
        if path.hasSuffix(".npz") {
            let arrays = try NumpyArchive(reading: source).arrays
            return arrays.max { $0.shape.reduce(1, *) < $1.shape.reduce(1, *) }.map { Int($0.offset) }
        }
        guard path.hasSuffix(".pt"), let file = try TensorFile.open(source) else { return nil }
        return file.storages.max { $0.byteCount < $1.byteCount }.flatMap { $0.byteCount > 0 ? Int($0.fileOffset) : nil }
    }
}
