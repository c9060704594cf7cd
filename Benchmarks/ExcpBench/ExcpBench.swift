import CGlibc
import FoundationEssentials
import Glibc
import TensorCodecs

/// Quantizes, packs, unpacks and restores one parameter by method `excp`, without any file format around, and says for
/// each stage the processor time of one thread in nanoseconds per parameter (the least of the repetitions).
///
/// Arguments: the raw float32 files of a weight, of its predecessor, of its first and second moment; then alpha and the
/// number of repetitions, if they shall not be 5e-5 and 9.
@main struct ExcpBench {
    private var best: [(stage: String, time: Double)] = []
    private var last: UInt64 = 0

    static func main() throws {
        // As the program does: memory that was freed is used again instead of going back page by page.
        mallopt(M_TRIM_THRESHOLD, 256 << 20)
        mallopt(M_MMAP_THRESHOLD, 64 << 20)
        let arguments = CommandLine.arguments
        let tensors = try arguments[1...4].map { Array(try Data(contentsOf: URL(fileURLWithPath: $0))) }
        let settings = try ExcpSettings(alpha: arguments.count > 5 ? Double(arguments[5]) ?? 5e-5 : 5e-5)
        var bench = ExcpBench()
        var stored = 0
        for _ in 0..<(arguments.count > 6 ? Int(arguments[6]) ?? 9 : 9) {
            stored = try bench.run(tensors, ExcpQuantizer(settings: settings))
        }
        let count = Double(tensors[0].count / 4)
        for (stage, time) in bench.best {
            print(stage + String(repeating: " ", count: max(0, 18 - stage.count)), decimal(time / count, digits: 2))
        }
        print("sum               ", decimal(bench.best.reduce(0) { $0 + $1.time } / count, digits: 2), "ns a parameter")
        print("ratio             ", decimal(12 * count / Double(stored), digits: 2))
    }

    private mutating func run(_ tensors: [[UInt8]], _ quantizer: ExcpQuantizer) throws -> Int {
        let (weight, before, count) = (tensors[0], tensors[1], tensors[0].count / 4)
        let workspace = Self.workspace
        let residual = workspace.floats(.residual, count)
        last = Self.processorTime()
        let scan = weight.withUnsafeBytes { weight in
            before.withUnsafeBytes {
                ResidualScan(
                    weight: weight, predecessor: $0, format: .f32, into: residual,
                    room: workspace.floats(.block, count / 4 + 4096))
            }
        }
        lap("residual, median")
        let moments = [(ExcpWorkspace.Slot.first, tensors[2]), (.second, tensors[3])].map { slot, bytes in
            let memory = workspace.bytes(slot, bytes.count)
            memory.copyBytes(from: bytes)
            return memory
        }
        lap("")
        var (first, second) = (MomentScan(.f32, magnitudes: true), MomentScan(.f32, magnitudes: false))
        let values = moments.map { $0.bindMemory(to: Float.self) }
        first.add(UnsafeRawBufferPointer(moments[0]), values: values[0])
        second.add(UnsafeRawBufferPointer(moments[1]), values: values[1])
        lap("moments' sums")
        let (m, v) = (UnsafeBufferPointer(values[0]), UnsafeBufferPointer(values[1]))
        var tensor = ExcpTensor(
            weight: quantizer.weights(residual, median: scan.median, second: v, meanSecond: second.mean))
        lap("quantize weight")
        (tensor.first, tensor.second) = quantizer.moments(
            m, v, meanFirst: first.mean, weights: tensor.weight.indices, room: residual,
            more: workspace.floats(.weight, count))
        lap("quantize moments")
        let packed = [try ExcpPacking.packWeights([tensor]).bytes, try ExcpPacking.packMoments([tensor]).bytes]
        lap("pack")
        let weights = try ExcpPacking.unpackWeights(packed[0], counts: [count])
        lap("unpack weight")
        let back = try ExcpPacking.unpackMoments(packed[1], weights: weights, roles: [.init(first: true, second: true)])
        lap("unpack moments")
        let restored = ResidualCodec.restore(weights[0], predecessor: before, format: .f32)
        lap("restore weight")
        let both = [back[0].first?.bytes(.f32), back[0].second?.bytes(.f32)].compactMap { $0 }
        lap("restore moments")
        _ = ResidualCodec.error(weight, restored, format: .f32)
        for (moment, restored) in zip(tensors[2...], both) {
            _ = ResidualCodec.error(moment, restored, format: .f32)
        }
        lap("errors")
        guard weights[0] == tensor.weight, back[0].first == tensor.first, back[0].second == tensor.second else {
            fatalError("not what was packed")
        }
        return packed[0].count + packed[1].count
    }

    private static let workspace = ExcpWorkspace()

    private mutating func lap(_ stage: String) {
        let now = Self.processorTime()
        let time = Double(now - last)
        last = now
        guard !stage.isEmpty else { return }
        if let known = best.firstIndex(where: { $0.stage == stage }) {
            best[known].time = min(best[known].time, time)
        } else {
            best.append((stage, time))
        }
    }

    /// With so many decimals, as `printf` writes it.
    private static func decimal(_ value: Double, digits: Int32) -> String {
        let room = 400
        return String(unsafeUninitializedCapacity: room) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                Int(withVaList([digits, value]) { vsnprintf(text.baseAddress, room, "%.*f", $0) })
            }
        }
    }

    /// Processor time of this process: what others do on the machine hardly shows in it.
    private static func processorTime() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
