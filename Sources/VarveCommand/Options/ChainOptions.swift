public import ArgumentParser
public import Varve

/// The options of `compress` and `watch` that say what an archive's chain consists of.
struct ChainOptions: ParsableArguments {
    @Option(
        name: .customLong("keyframe-every"),
        help: ArgumentHelp("A keyframe every so many steps.", valueName: "steps"))
    var keyframeInterval: Int = 50

    @Option(
        help: ArgumentHelp(
            """
            A checkpoint or model kept elsewhere, on whose weights the first step builds: a path, or a name such as \
            gpt2 that the local Hugging Face cache has. Restoring needs it too.
            """,
            valueName: "base"))
    var base: String?

    @Option(help: ArgumentHelp("Files that belong to no step; small: up to 64 MB each.", valueName: "which"))
    var extra: CompressionOptions.Extras = .small

    func validate() throws {
        guard keyframeInterval >= 1 else { throw ValidationError("--keyframe-every must be 1 or more") }
    }
}

extension CompressionOptions.Extras: ExpressibleByArgument {}
