import ChainArchive
import Checkpoints
import FileSystem

/// Which steps an archive has, for somebody who watches a run.
struct ArchiveSteps {
    /// `nil` where there is no archive yet.
    private let reader: ArchiveReader?

    init(_ archive: String) throws(VarveError) {
        let isThere = try SourceFiles.isThere(ArchiveLayout(archive).archiveManifest)
        reader = isThere ? try ArchiveReader(archive) : nil
    }

    /// The highest number; -1 where there is none.
    var newest: Int { max(reader?.steps.last ?? -1, reader?.forgotten.numbers.max() ?? -1) }

    /// What was forgotten is not wanted again.
    func knows(_ number: Int) -> Bool {
        guard let reader else { return false }
        return reader.steps.contains(number) || reader.forgotten.extent(number) != nil
    }

    /// Why the archive's step is another one than this; `nil` where it was made of these files.
    func difference(from step: Step) -> String? {
        guard let reader else { return nil }
        let known = PresentSteps([step], in: reader)
        if let other = known.others.first { return other.skipped.reason }
        return known.touched.isEmpty
            ? nil : "the archive has another step \(step.number): its files are of another time"
    }
}
