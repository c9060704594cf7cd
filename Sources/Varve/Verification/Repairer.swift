import ChainArchive
import FileSystem
import TensorFiles

/// Makes an archive's manifests again from the others and `manifests.parity`.
package struct Repairer: Sendable {
    package let archive: String
    /// How long to wait where another process writes to the archive; `nil`: not at all.
    package var wait: LockWait?

    package init(archive: String, wait: LockWait? = nil) {
        self.archive = archive
        self.wait = wait
    }

    /// Parts are not touched: what is damaged in one stays so, and `Verifier` says which steps that costs. Nothing is
    /// deleted; a damaged manifest is replaced only by bytes whose hash was recorded when it was written.
    /// - Throws: `.notAnArchive`, `.locked`, `.inputOutput`, `.permissionDenied`, `.noSpace`. What stays lost is no
    ///   error.
    package func repair(dryRun: Bool = false) throws(VarveError) -> RepairResult {
        let repair = try ArchiveRepair(archive, writer: "varve \(VarveRelease.version)", dryRun: dryRun, wait: wait)
        let outcome = try repair.run()
        return RepairResult(
            repaired: outcome.repaired, lost: outcome.lost.map { .init(file: $0.path, reason: $0.reason) },
            dryRun: dryRun)
    }
}

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
