package import ChainArchive
import FileSystem
import TensorCodecs

/// How a run is compressed.
public struct CompressionOptions: Sendable {
    /// Which of the run's files that belong to no step are kept.
    public enum Extras: String, Sendable, CaseIterable {
        /// Every one.
        case all
        /// None.
        case none
        /// Those up to 64 MB.
        case small
    }

    /// How weights and moments are stored.
    public enum Method: Sendable, Hashable {
        /// Quantized after a transform of each matrix. It is the default.
        case transform(TransformOptions)
        /// Quantized as published (ExCP, Li et al., ICML 2024).
        case excp(ExcpOptions)
        /// Not quantized: every byte comes back.
        case lossless
    }

    /// How weights and moments are stored.
    public var method: Method
    /// The number of steps from one keyframe to the next, 1 or more. A keyframe is a step that builds on no other.
    ///
    /// `nil`, the default, puts one where restoring the next step would take more than twelve times as long as restoring
    /// the first one behind a keyframe, as the steps' manifests tell it.
    public var keyframeInterval: Int?
    /// A checkpoint or model outside of the archive, whose weights the first step builds on; `nil` for none.
    ///
    /// It is a path, or the name of a model (`gpt2`, `organization/model`, `NAME@REVISION`) that the local Hugging Face
    /// hub cache has. A path that exists goes before a name. Nothing is downloaded.
    public var base: String?
    /// Which of the run's files that belong to no step are kept.
    public var extras: Extras
    /// Threads to work with; 0 for as many as there are processors that this process may use. The result does not
    /// depend on it.
    public var threads: Int
    /// Bytes of memory that the process may take; `nil` for as many as its threads need. If it is little, fewer
    /// parameters are worked on at a time. If one parameter does not fit, compressing throws `.usage`.
    public var memory: UInt64?
    /// Which originals are removed after their steps were compared with them; `nil` for none.
    public var removal: SourceRemoval?
    /// How long to wait if another process writes to the archive; `nil`: not at all.
    public var wait: LockWait?
    /// A directory outside of the archive in which the state is kept that the next step is coded against; `nil` for none.
    ///
    /// With it a later call need not replay the chain to add a step. The archive is the same to the byte with it and without
    /// it, and whatever becomes of the directory. Several archives may have the same one; each has a file in it.
    public var state: String?
    /// Whether a step that the archive has, and that looks different now, is taken again. The version before stays
    /// until ``Archive/prune(dryRun:wait:)``. ``Watcher`` ignores it and replaces none.
    public var replaces = false
    /// Only steps in these ranges are added; `nil` for all. ``Watcher`` ignores it and takes all.
    public var steps: [ClosedRange<Int>]?
    /// How many times as much as the first step behind a keyframe a step may cost to restore, without an interval.
    package var largestCost = KeyframeRule.usualLargestCost
    /// Whether it is said that a base would save something, where none is given.
    var suggestsBase = true

    /// Options; what is left out is as the command `varve compress` has it.
    public init(
        method: Method = .transform(TransformOptions()), keyframeInterval: Int? = nil, base: String? = nil,
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

    package func keyframeRule(_ method: StepMethod) -> KeyframeRule {
        var used = TransformSettings(stepSize: 1)
        if case .transform(let settings, _) = method { used = settings }
        return KeyframeRule(interval: keyframeInterval, settings: used, largestCost: largestCost)
    }

    /// - Throws: `.usage` for settings out of range.
    package func stepMethod() throws(VarveError) -> StepMethod {
        if let keyframeInterval, keyframeInterval < 1 {
            throw VarveError(.usage, "`keyframeInterval` must be 1 or more")
        }
        return try chosenMethod()
    }

    private func chosenMethod() throws(VarveError) -> StepMethod {
        switch method {
        case .excp(let options): .excp(try options.settings())
        case .transform(let options): .transform(try options.settings(), name: options.name)
        case .lossless: .lossless
        }
    }
}
