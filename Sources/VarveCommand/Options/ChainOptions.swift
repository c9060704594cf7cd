public import ArgumentParser
public import Varve

/// The options of `compress` and `watch` that say what an archive's chain consists of.
struct ChainOptions: ParsableArguments {
    @Option(
        name: .customLong("keyframe-every"),
        help: ArgumentHelp(
            """
            A keyframe every so many steps; auto: where restoring the next step would cost more than 12 times what the \
            first one behind a keyframe does.
            """,
            valueName: "steps"))
    var keyframes = KeyframeInterval.auto

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

    @Option(
        help: ArgumentHelp(
            """
            Keep in a directory outside of the archive what the next step is coded against: a later call then adds a step \
            without decoding the chain. The archive is the same. The directory may be emptied at any time.
            """, valueName: "directory"),
        completion: .directory)
    var state: String?
}

/// How many steps lie between keyframes: a number, or as many as the cost of restoring allows.
enum KeyframeInterval: ExpressibleByArgument, CustomStringConvertible {
    case auto
    case steps(Int)

    init?(argument: String) {
        if argument == "auto" {
            self = .auto
        } else if let steps = Int(argument), steps >= 1 {
            self = .steps(steps)
        } else {
            return nil
        }
    }

    var description: String {
        switch self {
        case .auto: "auto"
        case .steps(let steps): "\(steps)"
        }
    }

    /// As the library has it.
    var steps: Int? {
        if case .steps(let steps) = self { return steps }
        return nil
    }
}

extension CompressionOptions.Extras: ExpressibleByArgument {}
