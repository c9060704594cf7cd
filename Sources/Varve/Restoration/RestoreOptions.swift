/// What is restored, and how.
public struct RestoreOptions: Sendable {
    public enum Selection: Sendable, Hashable {
        case step(Int)
        /// The step with the highest number.
        case latest
        /// Every step and the run's other files, under their own paths.
        case all
        /// The steps with these numbers, under their own paths.
        case steps([ClosedRange<Int>])

        /// Whether it is one step, whose files come directly into the output.
        var isOne: Bool {
            switch self {
            case .step, .latest: true
            case .all, .steps: false
            }
        }
    }

    public var selection: Selection
    /// Only files that hold weights, of a single step.
    public var onlyWeights: Bool
    /// Replace files that are there already.
    public var overwrite: Bool
    /// Restore what `CompressionOptions.replaces` replaced last, instead of what is there now. It stays until it is pruned.
    public var replaced = false
    /// The base that the archive was made with, as `CompressionOptions.base`.
    public var base: String?
    public var threads: Int
    /// Bytes of memory that the process may take; `nil` for as many as its threads need.
    public var memory: UInt64?

    public init(
        selection: Selection = .latest, onlyWeights: Bool = false, overwrite: Bool = false, base: String? = nil,
        threads: Int = 0,
        memory: UInt64? = nil
    ) {
        self.memory = memory
        self.selection = selection
        self.onlyWeights = onlyWeights
        self.overwrite = overwrite
        self.base = base
        self.threads = threads
    }
}
