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
