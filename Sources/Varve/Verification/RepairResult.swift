/// What a repair made again, and what it could not.
public struct RepairResult: Sendable, Codable {
    /// A file that stays damaged or lost.
    public struct Lost: Sendable, Codable {
        /// The path of the file.
        public var file: String
        /// Why it cannot be made again, in a sentence.
        public var reason: String
    }

    /// Files that were made again. In a dry run, files that could be.
    public var repaired: [String] = []
    /// Files that cannot be made again.
    public var lost: [Lost] = []
    /// Whether nothing was written because that was asked for.
    public var dryRun = false
}
