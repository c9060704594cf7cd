/// How a run is compressed.
public struct CompressionOptions: Sendable {
    /// Which of the run's files that belong to no step are kept.
    public enum Extras: String, Sendable, CaseIterable {
        case all, none
        /// Those up to 64 MB.
        case small
    }

    public var excp: ExcpOptions
    /// A keyframe (exact weights and moments, no predecessor) every so many steps.
    public var keyframeInterval: Int
    /// A checkpoint or model kept outside of the archive, whose weights the first step builds on.
    public var base: String?
    public var extras: Extras
    /// Parameters worked on at a time; the result does not depend on it.
    public var threads: Int

    public init(
        excp: ExcpOptions = ExcpOptions(), keyframeInterval: Int = 50, base: String? = nil, extras: Extras = .small,
        threads: Int = 0
    ) {
        self.excp = excp
        self.keyframeInterval = keyframeInterval
        self.base = base
        self.extras = extras
        self.threads = threads
    }
}
