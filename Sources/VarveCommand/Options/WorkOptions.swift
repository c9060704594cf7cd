import ArgumentParser
import Varve

/// How much is worked on at a time, and in how much memory. What comes out is the same.
struct WorkOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Threads; where it is 0 as many as this process may use processors. The result is the same.",
            valueName: "count"))
    var threads: Int = 0

    @Option(
        help: ArgumentHelp(
            "Most memory to take, 100MB or more, as in 800MB or 1.5GB: fewer tensors are then worked on at a time.",
            valueName: "size")
    )
    var memory: MemorySize?

    func validate() throws {
        guard threads >= 0 else { throw ValidationError("--threads must not be negative") }
        if let memory, memory.bytes < CompressionOptions.leastMemory {
            throw ValidationError("--memory must be \(CompressionOptions.leastMemory / 1_000_000)MB or more")
        }
    }
}

/// A number of bytes as people write it: 1500000000, 1500MB, 1.5GB, 1GiB (and 1.5G, 1500M, which count in thousands).
struct MemorySize: ExpressibleByArgument {
    let bytes: UInt64

    init?(argument: String) {
        let split = argument.firstIndex { !($0.isASCII && ($0.isNumber || $0 == ".")) } ?? argument.endIndex
        let units: [String: Double] = [
            "": 1, "b": 1, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9, "t": 1e12, "tb": 1e12,
            "kib": 0x1p10, "mib": 0x1p20, "gib": 0x1p30, "tib": 0x1p40,
        ]
        guard let number = Double(argument[..<split]), let unit = units[argument[split...].lowercased()],
            number * unit >= 1, number * unit < 0x1p60
        else { return nil }
        bytes = UInt64(number * unit)
    }
}
