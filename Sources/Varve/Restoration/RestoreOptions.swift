/// What is restored, and how.
public struct RestoreOptions: Sendable {
    /// Which steps are restored, and where their files come.
    public enum Selection: Sendable, Hashable {
        /// The step with this number. Its files come directly into the output.
        case step(Int)
        /// The step with the highest number. Its files come directly into the output.
        case latest
        /// Every step and the run's other files, under their paths in the run.
        case all
        /// The steps with these numbers, under their paths in the run.
        case steps([ClosedRange<Int>])

        /// Whether it is one step, whose files come directly into the output.
        var isOne: Bool {
            switch self {
            case .step, .latest: true
            case .all, .steps: false
            }
        }
    }

    /// Which steps are restored. ``Archive/restore(_:to:options:progress:)`` has it as a parameter and ignores this
    /// one.
    public var selection: Selection
    /// Whether only files that hold weights, and nothing else, are restored.
    public var onlyWeights: Bool
    /// Whether files that are in the output already are replaced. Other files there stay.
    public var overwrite: Bool
    /// Whether the version that ``CompressionOptions/replaces`` replaced last is restored, instead of the one that is
    /// there now. It stays until it is pruned.
    public var replaced = false
    /// The base that the archive was made with, as ``CompressionOptions/base``.
    public var base: String?
    /// Threads to work with; 0 for as many as there are processors that this process may use.
    public var threads: Int
    /// Bytes of memory that the process may take; `nil` for as many as its threads need.
    public var memory: UInt64?

    /// Options, by default for all files of the newest step.
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
