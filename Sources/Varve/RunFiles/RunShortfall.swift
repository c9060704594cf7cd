import ChainArchive
import Checkpoints
import FileSystem

/// What of a run is not in its archive when work on it ends, and whether that is what was asked for.
struct RunShortfall {
    let missing: [RunCoverage.Missing]
    /// Whether all that is missing was not asked for (`steps`, `extras`) or was forgotten.
    let isAsAsked: Bool

    /// - Parameters:
    ///   - archive: `nil` where nothing was ever added.
    ///   - skipped: what the work left out.
    init(
        _ run: Run, in archive: ArchiveReader?, skipped: [CompressionResult.Skipped], options: CompressionOptions
    ) throws(VarveError) {
        missing = try RunCoverage(run, in: archive).missing
        isAsAsked =
            skipped.isEmpty
            && missing.allSatisfy { item in
                guard let step = item.step else { return options.extras == .none }
                return !options.wants(step) || archive?.forgotten.extent(step) != nil
            }
    }
}
