import ChainArchive
import FileSystem
import TensorFiles

/// Mends an archive: manifests from the others and `manifests.parity`, parts from the parity beside each.
package struct Repairer: Sendable {
    package let archive: String
    /// How long to wait where another process writes to the archive; `nil`: not at all.
    package var wait: LockWait?

    package init(archive: String, wait: LockWait? = nil) {
        self.archive = archive
        self.wait = wait
    }

    /// Reads the whole archive. Nothing is deleted; a damaged file is replaced only by bytes whose hash was recorded when
    /// it was written. Sound parts without parity, those of older releases, get one.
    /// - Throws: `.notAnArchive`, `.locked`, `.inputOutput`, `.permissionDenied`, `.noSpace`. What stays lost is no
    ///   error.
    package func repair(dryRun: Bool = false) throws(VarveError) -> RepairResult {
        let repair = try ArchiveRepair(archive, writer: "varve \(VarveRelease.version)", dryRun: dryRun, wait: wait)
        let outcome = try repair.run()
        return RepairResult(
            repaired: outcome.repaired,
            mended: outcome.mended.map { .init(file: $0.path, bytes: $0.byteCount, offset: $0.offset) },
            added: outcome.added, lost: outcome.lost.map { .init(file: $0.path, reason: $0.reason) }, dryRun: dryRun)
    }
}

/// What a repair made again or mended, and what it could not.
public struct RepairResult: Sendable, Codable {
    /// A file that stays damaged or lost.
    public struct Lost: Sendable, Codable {
        /// The path of the file.
        public var file: String
        /// Why it cannot be made again, in a sentence.
        public var reason: String
    }

    /// A part whose damaged bytes were put right.
    public struct Mended: Sendable, Codable {
        /// The path of the file.
        public var file: String
        /// How many bytes differed; 0 if the file had only the wrong size.
        public var bytes: Int
        /// The first of them, counted from 0.
        public var offset: UInt64
    }

    /// Files that were made again: manifests and parity. In a dry run, files that could be.
    public var repaired: [String] = []
    /// Parts that were mended. In a dry run, parts that could be.
    public var mended: [Mended] = []
    /// The parity that parts without one have got, as those of older releases. In a dry run, parity that could be made.
    public var added: [String] = []
    /// Files that cannot be made again.
    public var lost: [Lost] = []
    /// Whether nothing was written because that was asked for.
    public var dryRun = false
}
