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

    /// What files a step becomes.
    public enum Format: Sendable, Hashable {
        /// The checkpoint's own files.
        case original
        /// Safetensors files with the whole tensors by name, wherever they lie in the checkpoint's files.
        ///
        /// `model.safetensors` has what the model's state dicts hold, in the type that they hold it in.
        /// `optimizer.safetensors` has what the optimizer keeps of it, as `NAME.KEY` with the optimizer's own keys
        /// (`NAME.exp_avg`); plain numbers are scalars of type F64, and float32 masters of half-precision weights have
        /// the key `fp32_master`. Files that belong to no tensor are left out. Several steps come into directories
        /// `step-NUMBER`.
        ///
        /// Tensors of more than `shardBytes` bytes together are spread over several files, as
        /// `model-00001-of-00003.safetensors`, with a list `model.safetensors.index.json`. A larger tensor has a file of
        /// its own.
        case safetensors(shardBytes: UInt64 = 5_000_000_000)
    }

    /// Which steps are restored. ``Archive/restore(_:to:options:progress:)`` has it as a parameter and ignores this
    /// one.
    public var selection: Selection
    /// What files the steps become.
    public var format = Format.original
    /// Whether only files that hold weights, and nothing else, are restored; as ``Format/safetensors(shardBytes:)`` all
    /// weights, whatever lies beside them.
    public var onlyWeights: Bool
    /// As ``Format/safetensors(shardBytes:)``: only the tensors whose names in the new files one of these fits, such as
    /// `model.layers.0.*`, which are states as well unless `onlyWeights` is set. None stands for all. Only what they lie in is
    /// decoded.
    public var names: [NamePattern] = []
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
