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
