import Checkpoints
import FileSystem
import TensorFiles
import VarveTestSupport

/// Runs of shards with one file changed. The first byte tells the file, the rest how: changes of eleven bytes, what is done,
/// where, and a value. Numbers of pickles are changed as numbers, so that what is left is still a pickle.
package enum ShardTarget {
    private static let names = [
        "dcp_fsdp_2ranks", "deepspeed_moe", "deepspeed_zero1", "deepspeed_zero3", "ds_pipeline", "mcore_legacy",
        "mcore_dp_reshardable", "verl_fsdp2", "mlx_npz",
    ]
    private static let refusals: Set<VarveError.Code> = [
        .usage, .truncated, .malformed, .unsupported, .incomplete, .notFound,
    ]
    /// Changes of one input at most.
    private static let mostChanges = 8
    /// Bytes of tensors that are gathered for one input at most: wrong numbers may give one part to many.
    private static let readLimit = 8 << 20

    private struct File: Sendable {
        /// Its run's folder, and its path there.
        var root: String
        var path: String
        var bytes: [UInt8]
        var numbers: PickleNumbers
        var full: String { Paths.join(root, path) }
    }

    /// The files of all runs, copied to where they can be changed. Those with numbers first.
    private static let files: [File] = {
        do {
            var files: [File] = []
            for name in names {
                let source = SharedRuns.fixtures("runs/" + name)
                for path in try SharedRuns.files(under: source) {
                    guard let relative = Paths.removing(source + "/", from: path) else { continue }
                    let bytes = try Scratch.bytes(path)
                    let root = Scratch.directory.file("shards/" + name)
                    try Scratch.write(bytes, to: Paths.join(root, relative))
                    files.append(File(root: root, path: relative, bytes: bytes, numbers: PickleNumbers(bytes)))
                }
            }
            return files.filter { !$0.numbers.numbers.isEmpty } + files.filter { $0.numbers.numbers.isEmpty }
        } catch { fatalError("the runs of shards cannot be copied: \(error)") }
    }()

    static func run(_ input: [UInt8]) throws {
        guard let first = input.first else { return }
        let file = files[Int(first) % files.count]
        var bytes = file.bytes
        var changes = input.dropFirst()
        for _ in 0..<mostChanges where changes.count >= 11 {
            apply(Array(changes.prefix(11)), to: &bytes, file)
            changes = changes.dropFirst(11)
        }
        try SystemCalls.unlink(file.full)
        try Scratch.write(bytes, to: file.full)
        defer {
            try? SystemCalls.unlink(file.full)
            try? Scratch.write(file.bytes, to: file.full)
        }
        do throws(VarveError) {
            let run = try Run.discover(file.root)
            for step in run.steps { try check(try StepContents.read(step, of: run)) }
        } catch {
            try BrokenPromise.unless(refusals.contains(error.code), "an error of another kind: \(error.code): \(error)")
            let named = error.location.file ?? ""
            try BrokenPromise.unless(named.hasPrefix(file.root), "an error that names no file: \(error)")
        }
    }

    private static func apply(_ change: [UInt8], to bytes: inout [UInt8], _ file: File) {
        let position = Int(change[1]) | Int(change[2]) << 8
        let value = change[3..<11].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        switch change[0] % 8 {
        case 6 where !bytes.isEmpty:
            bytes[Int(value % UInt64(bytes.count))] ^= UInt8(truncatingIfNeeded: max(1, position))
        case 7:
            let others = files.filter { $0.root == file.root }
            let other = others[position % others.count].bytes
            bytes = change[3] % 2 == 0 ? other : Array(bytes.prefix(Int(value % UInt64(bytes.count + 1))))
        default:
            let numbers = PickleNumbers(bytes)
            guard !numbers.numbers.isEmpty else { return }
            let number = numbers.numbers[position % numbers.numbers.count]
            let changed =
                change[0] % 2 == 0 ? Int(truncatingIfNeeded: value) : number.value &+ Int(Int8(bitPattern: change[3]))
            bytes = numbers.file(number, changed)
        }
    }

    /// Every tensor is whole, lies in its files, and is as long as it says.
    private static func check(_ contents: StepContents) throws(VarveError) {
        for tensor in contents.assembly?.tensors ?? [] {
            let held = tensor.pieces.reduce(0) { $0 + $1.placement.count }
            if held != tensor.count { fatalError("\(tensor.name): \(held) of \(tensor.count) elements in pieces") }
            for piece in tensor.pieces + tensor.replicas {
                let end = piece.offset + UInt64(piece.placement.count * tensor.dtype.bits / 8)
                if end > contents.files[piece.file].source.byteCount { fatalError("\(tensor.name): beyond its file") }
            }
        }
        var left = readLimit
        for parameter in contents.parameters {
            for index in [parameter.weight, parameter.firstMoment, parameter.secondMoment] {
                guard let index, let (file, tensor) = contents.tensor(index), tensor.byteCount <= left else { continue }
                left -= tensor.byteCount
                let bytes = try file.contiguousBytes(of: tensor)
                if bytes.count != tensor.byteCount { fatalError("\(tensor.name): \(bytes.count) bytes") }
            }
        }
    }

    // MARK: Seeds

    private static func change(_ kind: UInt8, _ position: Int, _ value: Int) -> [UInt8] {
        [kind, UInt8(truncatingIfNeeded: position), UInt8(truncatingIfNeeded: position >> 8)]
            + (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    static func seeds() throws -> [[UInt8]] {
        var seeds: [[UInt8]] = []
        for (index, file) in files.enumerated() {
            let last = max(0, file.numbers.numbers.count - 1)
            seeds.append([UInt8(index)] + change(1, last / 2, 1))
        }
        for (index, file) in files.enumerated() {
            let count = file.numbers.numbers.count
            for part in 0..<(count == 0 ? 0 : 6) {
                for value in [0, -1, Int.max] { seeds.append([UInt8(index)] + change(0, count * part / 6, value)) }
            }
            seeds.append([UInt8(index)] + change(7, 0, file.bytes.count - 1 | 1))
            seeds.append([UInt8(index)] + change(7, index, 0))
        }
        return seeds
    }

    /// Inputs of one or two changes each, the same for one seed.
    package static func inputs(_ count: Int, seed: UInt64) -> [[UInt8]] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            var input = [UInt8(Int.random(in: 0..<files.count, using: &random))]
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                let values = [0, 1, -1, Int.max, Int(Int32.max), Int.random(in: 0..<4096, using: &random)]
                input += change(
                    UInt8.random(in: 0..<8, using: &random), Int.random(in: 0..<1 << 16, using: &random),
                    values[Int.random(in: 0..<values.count, using: &random)])
            }
            return input
        }
    }
}
