import ArgumentParser

/// How much is worked on at a time, and in how much memory. What comes out is the same.
struct WorkOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Threads; all cores where it is 0. The result is the same.", valueName: "count"))
    var threads: Int = 0

    @Option(
        help: ArgumentHelp(
            "Most memory to take, as in 800MB or 1.5GB: fewer tensors are then worked on at a time.", valueName: "size")
    )
    var memory: MemorySize?

    func validate() throws {
        guard threads >= 0 else { throw ValidationError("--threads must not be negative") }
    }
}
