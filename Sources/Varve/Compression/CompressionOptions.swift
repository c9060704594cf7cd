import ChainArchive

/// How a run is compressed.
public struct CompressionOptions: Sendable {
    /// Which of the run's files that belong to no step are kept.
    public enum Extras: String, Sendable, CaseIterable {
        case all, none
        /// Those up to 64 MB.
        case small
    }

    /// How weights and moments are quantized.
    public enum Method: Sendable, Hashable {
        case transform(TransformOptions)
        case excp(ExcpOptions)
        /// Not at all: every byte comes back.
        case lossless
    }

    public var method: Method
    /// A keyframe (a step that builds on no other) every so many steps.
    public var keyframeInterval: Int
    /// A checkpoint or model kept outside of the archive, whose weights the first step builds on: a path, or a model's
    /// name (`gpt2`, `organization/model`, `NAME@REVISION`) that the local Hugging Face hub cache has. A path that exists
    /// goes before a name; nothing is downloaded.
    public var base: String?
    public var extras: Extras
    /// Parameters worked on at a time; the result does not depend on it.
    public var threads: Int
    /// Bytes of memory that the process may take; `nil` for as many as its threads need. Fewer parameters are then
    /// worked on at a time; where one does not fit, that is an error.
    public var memory: UInt64?
    /// Which originals are removed after their steps were compared with them; `nil` for none.
    public var removal: SourceRemoval?
    /// How long to wait for an archive that another process writes to; `nil`: not at all.
    public var wait: LockWait?
    /// Whether a step that the archive has, and that looks different now, is taken again. The version before stays until
    /// `Forgetter.prune`. `Watcher` replaces none.
    public var replaces = false
    /// Only the steps in these ranges are added; `nil` for all. `Watcher` takes all.
    public var steps: [ClosedRange<Int>]?
    /// Whether it is said that a base would save something, where none is given.
    var suggestsBase = true

    public init(
        method: Method = .transform(TransformOptions()), keyframeInterval: Int = 50, base: String? = nil,
        extras: Extras = .small,
        threads: Int = 0, removal: SourceRemoval? = nil, steps: [ClosedRange<Int>]? = nil,
        memory: UInt64? = nil
    ) {
        self.memory = memory
        self.method = method
        self.keyframeInterval = keyframeInterval
        self.base = base
        self.extras = extras
        self.threads = threads
        self.removal = removal
        self.steps = steps
    }
}

extension CompressionOptions {
    /// Threads to work with: `threads`, or as many as there are processors that this process may use.
    public var workers: Int { capacity.threads }

    /// The least that `memory` can be: less does not hold the program itself.
    public static var leastMemory: UInt64 { Workers.leastMemory }

    var capacity: Workers { Workers(threads: threads, memory: memory) }

    /// Whether the step is among those that are compressed.
    func wants(_ step: Int) -> Bool { steps?.contains { $0.contains(step) } ?? true }

    /// - Throws: `.usage` for settings out of range.
    func stepMethod() throws(VarveError) -> StepMethod {
        switch method {
        case .excp(let options): .excp(try options.settings())
        case .transform(let options): .transform(try options.settings(), name: options.name)
        case .lossless: .lossless
        }
    }
}
