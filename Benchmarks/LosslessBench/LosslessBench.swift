import CGlibc
import FoundationEssentials
import Glibc
import TensorCodecs

/// Codes tensors from raw files and says how small they get and how fast (processor time, one thread), without any file format
/// around: what `make peers` compares.
///
/// The argument is a text file with a line for each tensor: lossless group, kind (weight, first, second, other), type
/// (f32, bf16, f16, f64, or bytes of a word), shape (2x3), file, predecessor's file or -, the one before or -, line of
/// the second moment in its lossless group or -, and perhaps what beta2 has left of a second moment's predecessor.
@main struct LosslessBench {
    static func main() throws {
        // As the program does: memory that was freed is used again instead of going back page by page.
        mallopt(M_MMAP_THRESHOLD, 32 << 20)
        mallopt(M_TRIM_THRESHOLD, 64 << 20)
        let list = try String(contentsOfFile: CommandLine.arguments[1], encoding: .utf8)
        let repetitions = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 1 : 1
        var losslessGroups: [(name: String, tensors: [LosslessTensor])] = []
        for line in list.split(separator: "\n") {
            let fields = line.split(separator: " ").map(String.init)
            if losslessGroups.last?.name != fields[0] { losslessGroups.append((fields[0], [])) }
            losslessGroups[losslessGroups.count - 1].tensors.append(try tensor(fields))
        }
        var sizes: [String: (original: Int, stored: Int)] = [:]
        var encodeTimes: [Double] = [], decodeTimes: [Double] = []
        let original = losslessGroups.reduce(0) { $0 + $1.tensors.reduce(0) { $0 + $1.bytes.count } }
        for repetition in 0..<repetitions {
            var encodeTime = 0.0, decodeTime = 0.0
            for (_, tensors) in losslessGroups {
                let start = processorTime()
                let packed = try LosslessGroup.encode(tensors)
                let middle = processorTime()
                let members = tensors.enumerated().map { index, tensor in
                    LosslessGroup.Member(
                        format: tensor.format, shape: tensor.shape,
                        previous: packed.depths[index] > 0 ? tensor.previous : nil,
                        earlier: packed.depths[index] > 1 ? tensor.earlier : nil)
                }
                let restored = try LosslessGroup.decode(packed.bytes[...], members)
                let end = processorTime()
                encodeTime += Double(middle - start)
                decodeTime += Double(end - middle)
                guard repetition == 0 else { continue }
                for (index, tensor) in tensors.enumerated() {
                    guard restored[index] == tensor.bytes else { fatalError("not what was compressed") }
                    sizes["\(tensor.kind)", default: (0, 0)].original += tensor.bytes.count
                    sizes["\(tensor.kind)", default: (0, 0)].stored += packed.shares[index]
                }
            }
            encodeTimes.append(encodeTime)
            decodeTimes.append(decodeTime)
        }
        func speed(_ times: [Double]) -> Double { Double(original) * 1e3 / times.sorted()[times.count / 2] }
        let roles = sizes.sorted { $0.key < $1.key }.map { key, value in
            "\"\(key)\": {\"originalBytes\": \(value.original), \"storedBytes\": \(value.stored)}"
        }
        print(
            "{\"roles\": {\(roles.joined(separator: ", "))}, \"compressMBs\": \(speed(encodeTimes)), "
                + "\"restoreMBs\": \(speed(decodeTimes))}")
    }

    /// Processor time of this process: what others do on the machine hardly shows in it.
    private static func processorTime() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private static func tensor(_ fields: [String]) throws -> LosslessTensor {
        func read(_ path: String) throws -> [UInt8]? {
            path == "-" ? nil : Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        }
        let kinds: [String: LosslessTensor.Kind] = [
            "weight": .weight, "first": .firstMoment, "second": .secondMoment, "other": .other,
        ]
        let formats: [String: ElementFormat] = [
            "f32": .float(.f32), "bf16": .float(.bf16), "f16": .float(.f16), "f64": .float(.f64), "fp8": .smallFloat,
        ]
        return LosslessTensor(
            kind: kinds[fields[1]] ?? .other, format: formats[fields[2]] ?? .word(bytes: Int(fields[2]) ?? 1),
            shape: fields[3].split(separator: "x").compactMap { Int($0) }, bytes: try read(fields[4]) ?? [],
            previous: try read(fields[5]), earlier: try read(fields[6]), companion: Int(fields[7]),
            decay: fields.count > 8 ? Double(fields[8]) : nil)
    }
}
