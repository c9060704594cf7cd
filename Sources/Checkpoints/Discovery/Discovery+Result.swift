import FileSystem

extension Discovery {
    /// Puts the run together: steps in order, repetitions, and everything else as extras.
    func result() -> Run {
        var first: [InodeKey: String] = [:]
        let steps = candidates.map { candidate in
            // A link to a file outside of the run stands for the file in a step, for itself beside the steps.
            let entries = candidate.members.compactMap { scan.entry($0) }.map { linked($0, &first) }.map { entry in
                var entry = entry
                if entry.identity.kind == .regular { entry.linkTarget = nil }
                return entry
            }
            return Step(
                number: candidate.number?.value ?? 0, isEpoch: candidate.isEpoch,
                isUnnumbered: candidate.isUnnumbered, path: candidate.path, isDirectory: candidate.isDirectory,
                entries: entries)
        }
        let repeated = aliases.sorted { $0.entry.path.utf8.lexicographicallyPrecedes($1.entry.path.utf8) }.map {
            alias in
            var alias = alias
            alias.entry = linked(alias.entry, &first)
            return alias
        }
        let taken = Set(candidates.flatMap(\.members)).union(aliases.map(\.entry.path)).union(left)
        let extras = scan.entries.filter { !taken.contains($0.path) }.map { linked($0, &first) }
        // What cannot be kept is said as loudly as a step that is left out: originals are deleted because of an archive.
        let unkept = scan.unkept.map { SkippedCheckpoint(path: $0.path, number: nil, reason: $0.reason) }
        var run = Run(
            root: scan.root, steps: steps.sorted { $0.number < $1.number },
            skipped: (skipped + unkept).sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) },
            aliases: repeated,
            extras: extras, warnings: warnings)
        run.removals = scan.removals
        run.entries = scan.entries
        run.severalRuns = severalRuns()
        return run
    }

    /// Hard links name the first path of their inode, steps before what is beside them.
    private func linked(_ entry: RunEntry, _ first: inout [InodeKey: String]) -> RunEntry {
        var entry = entry
        entry.hardLinkOf = nil
        guard entry.identity.kind == .regular, entry.identity.linkCount > 1, entry.linkTarget == nil else {
            return entry
        }
        let key = InodeKey(entry.identity)
        if let earlier = first[key] { entry.hardLinkOf = earlier } else { first[key] = entry.path }
        return entry
    }
}
