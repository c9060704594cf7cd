import ChainArchive
import Checkpoints

/// Files that several steps share: one file under names in different step directories.
struct StepLinks {
    private var found: [StepLink] = []
    private var paths = Set<String>()

    /// - Parameter steps: those in the archive, ascending.
    init(_ steps: [Step]) {
        var first: [[UInt64]: String] = [:]
        for step in steps {
            // Names within a step are links of that step already.
            var own = Set<[UInt64]>()
            for entry in step.entries where entry.identity.kind == .regular {
                paths.insert(entry.path)
                guard entry.identity.linkCount > 1 else { continue }
                let inode = [entry.identity.device, entry.identity.inode]
                guard own.insert(inode).inserted else { continue }
                if let original = first[inode] {
                    found.append(StepLink(path: entry.path, original: original))
                } else {
                    first[inode] = entry.path
                }
            }
        }
    }

    /// Those of the run as it is, and what an archive knows of files that the run has no more.
    func links(keeping old: [StepLink]) -> [StepLink] {
        (found + old.filter { !paths.contains($0.path) })
            .sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }
}
