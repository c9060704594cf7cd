/// What forgetting or pruning did, or would do.
public struct ForgetResult: Sendable, Codable {
    /// What happens to a step.
    public enum Action: String, Sendable, Codable {
        /// It stays as it is.
        case keep
        /// Its files are removed.
        case remove
        /// Its files lose what no other step needs.
        case reduce
        /// It is forgotten and stays, because others need all of it, or because nothing can be taken out.
        case need
    }

    /// A step on disk.
    public struct Step: Sendable, Codable {
        /// The step's number.
        public var step: Int
        /// `true` for a version that a later one replaced (``CompressionOptions/replaces``).
        public var replaced: Bool?
        /// `whole` or `moments`; `nil` if nothing of it is forgotten.
        public var forgotten: String?
        /// Whether no rule forgets it.
        public var pinned: Bool
        /// What pruning does to it.
        public var action: Action
        /// The earliest remaining step that builds on it; `nil` if none does.
        public var neededBy: Int?
        /// Bytes that its files shrink by.
        public var freedBytes: Int
    }

    /// A step that was taken again (``RebaseOptions``).
    public struct Rebased: Sendable, Codable {
        /// The step's number.
        public var step: Int
        /// The step that it builds on now; `nil` if its chain begins with it.
        public var predecessor: Int?
        /// Bytes of its files in the archive.
        public var storedBytes: UInt64
        /// The largest difference between a restored weight and what it was restored to before; 0 if there is none.
        public var largestChange: Double
        /// The squared difference of all restored weights over the squared error that they had before; `nil` if there is
        /// no difference or they had none.
        public var addedError: Double?
        /// Whether moments are restored otherwise than before.
        public var changesMoments: Bool
    }

    /// Every step on disk, ascending.
    public var steps: [Step]
    /// The steps that this call marks as forgotten, or of which it marks the moments.
    public var forgotten: [Int]
    /// Whether the bytes of marked steps are gone, so that nothing brings them back. In a dry run: whether they would
    /// be.
    public var pruned: Bool
    /// Whether nothing was changed because that was asked for.
    public var dryRun: Bool
    /// Bytes that the archive's files shrink by when what is forgotten is pruned. Where that is done by the same call, what
    /// steps that were taken again have grown by is taken off.
    public var freedBytes: Int
    /// Of a dry run: the steps that stay and build on forgotten ones, so that a rebase would take them again; `nil` if there
    /// are none.
    public var rebasable: [Int]?
    /// Of a dry run: about the bytes that forgetting, a rebase and pruning would free together; `nil` if nothing is to be
    /// taken again.
    public var freedBytesWithRebase: Int?
    /// The steps that were taken again; `nil` if that was not asked for.
    public var rebased: [Rebased]?
    /// What a user should read beside the above, in sentences.
    public var notices: [String]
}
