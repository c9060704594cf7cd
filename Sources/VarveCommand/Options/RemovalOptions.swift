import ArgumentParser
import Varve

/// The options of `compress` and `watch` that let originals go.
struct RemovalOptions: ParsableArguments {
    @Flag(
        name: .customLong("remove-source"),
        help: """
            Remove each original once its step was decoded from the disk and compared with it. Asks for a quality by name.
            """)
    var removesSource = false

    @Option(
        name: .customLong("keep-last"),
        help: ArgumentHelp("With --remove-source: the newest checkpoints that stay.", valueName: "count"))
    var keepLast: Int = 2

    func validate() throws {
        guard keepLast >= 0 else { throw ValidationError("--keep-last must not be negative") }
    }

    /// What may be removed; `nil` for nothing.
    /// - Throws: where the quality was not named: originals must not go for a loss that nobody asked for.
    func removal(_ method: MethodOptions) throws -> SourceRemoval? {
        guard removesSource else { return nil }
        guard method.isNamed else {
            throw ValidationError(
                "--remove-source removes originals: name what is kept of them, --quality lossless, high, balanced or small"
            )
        }
        return SourceRemoval(keepLast: keepLast)
    }
}
