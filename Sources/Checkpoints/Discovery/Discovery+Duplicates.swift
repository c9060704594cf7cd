import FileSystem

extension Discovery {
    /// Leaves one candidate per step number; the others become repetitions of its files, parts of it, or extras.
    mutating func resolveDuplicates() throws(VarveError) {
        var steps: [StepCandidate] = []
        let homes = Dictionary(grouping: candidates.indices) { home(of: candidates[$0]) }
        for members in homes.values {
            for index in members { candidates[index].beside = members.count }
        }
        let byNumber = Dictionary(grouping: candidates) { $0.number?.value ?? 0 }
        for number in byNumber.keys.sorted() {
            let ranked = (byNumber[number] ?? []).sorted { $0.isBetter(than: $1) }
            guard var step = ranked.first else { continue }
            for other in ranked.dropFirst() {
                if isComplement(step, other) {
                    step = merged(step, other)
                } else if try !takeAsRepetition(other, of: step) {
                    rivals.append(other)
                    warnings.append(
                        "\(other.path): another checkpoint of step \(number); \(step.path) is taken as the step, "
                            + "this one as files beside the steps")
                }
            }
            steps.append(step)
        }
        candidates = steps
    }

    /// Weights in one place, their optimizer in another.
    private func isComplement(_ a: StepCandidate, _ b: StepCandidate) -> Bool {
        guard !a.isDirectory, !b.isDirectory else { return false }
        return a.hasWeights && !a.hasOptimizer && b.hasOptimizer && !b.hasWeights
            || b.hasWeights && !b.hasOptimizer && a.hasOptimizer && !a.hasWeights
    }

    private func merged(_ a: StepCandidate, _ b: StepCandidate) -> StepCandidate {
        var (main, rest) = a.hasWeights ? (a, b) : (b, a)
        main.members = (main.members + rest.members).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        main.hasOptimizer = true
        rest.members = []
        return main
    }

    /// Records the files of `other` that repeat files of `step`. Whether all of them do.
    private mutating func takeAsRepetition(_ other: StepCandidate, of step: StepCandidate) throws(VarveError) -> Bool {
        var all = true
        for path in other.members {
            guard let entry = scan.entry(path), entry.identity.kind == .regular else { continue }
            let originals: [String]
            if other.isDirectory {
                let same = Paths.join(step.path, Paths.relative(path, to: other.path))
                originals = step.members.contains(same) ? [same] : []
            } else {
                originals = step.members
            }
            if try !repeats(entry, originals) { all = false }
        }
        return all
    }

    /// Records `entry` as a repetition of one of `originals`, where it is one.
    private mutating func repeats(_ entry: RunEntry, _ originals: [String]) throws(VarveError) -> Bool {
        for original in originals {
            guard let first = scan.entry(original), first.identity.kind == .regular, first.path != entry.path,
                let kind = try sameness(entry, first)
            else { continue }
            aliases.append(StepAlias(entry: entry, original: original, kind: kind))
            return true
        }
        return false
    }

    private func sameness(_ a: RunEntry, _ b: RunEntry) throws(VarveError) -> StepAlias.Kind? {
        if InodeKey(a.identity) == InodeKey(b.identity) { return .hardLink }
        guard a.identity.byteCount > 0 else { return nil }
        do throws(VarveError) {
            let first = try InputFile(scan.absolute(a.path))
            let second = try InputFile(scan.absolute(b.path))
            if try FileComparison.sameBytes(first, second) { return .copy }
            return try FileComparison.sameTensors(first, second) ? .sameTensors : nil
        } catch  where error.code == .malformed || error.code == .truncated || error.code == .permissionDenied {
            return nil
        }
    }

    /// `best.pt` that tells no step: which step does it repeat, if any? The newest first.
    mutating func repeatUnnumbered(_ rest: [StepCandidate]) throws(VarveError) {
        let originals = candidates.filter { !$0.isDirectory }.reversed().flatMap(\.members)
        for candidate in rest where !candidate.isDirectory {
            for path in candidate.members {
                guard let entry = scan.entry(path) else { continue }
                _ = try repeats(entry, originals)
            }
        }
        try repeatLargeExtras()
    }

    /// Files beside the steps with the bytes of a step's file: the final model that repeats the last checkpoint's,
    /// and hard links wherever they are.
    private mutating func repeatLargeExtras() throws(VarveError) {
        let taken = Set(candidates.flatMap(\.members)).union(aliases.map(\.entry.path)).union(left)
        var bySize: [UInt64: [String]] = [:]
        var byInode: [InodeKey: String] = [:]
        for path in candidates.reversed().flatMap(\.members) {
            guard let entry = scan.entry(path), entry.identity.kind == .regular else { continue }
            bySize[entry.identity.byteCount, default: []].append(path)
            if entry.identity.linkCount > 1, byInode[InodeKey(entry.identity)] == nil {
                byInode[InodeKey(entry.identity)] = path
            }
        }
        for entry in scan.entries
        where entry.identity.kind == .regular && entry.linkTarget == nil && !taken.contains(entry.path) {
            if entry.identity.linkCount > 1, let original = byInode[InodeKey(entry.identity)] {
                aliases.append(StepAlias(entry: entry, original: original, kind: .hardLink))
            } else if StepName.hasCheckpointSuffix(entry.path) || entry.identity.byteCount >= 1 << 20 {
                let originals = (bySize[entry.identity.byteCount] ?? []).prefix(8)
                _ = try repeats(entry, Array(originals))
            }
        }
    }

    /// Symbolic links beside the steps that lead to a step's file or directory.
    mutating func takeLinks() throws(VarveError) {
        let members = Set(candidates.flatMap(\.members))
        for entry in scan.entries
        where entry.linkTarget != nil && !members.contains(entry.path) && !left.contains(entry.path) {
            guard entry.identity.kind == .symbolicLink, let target = scan.target(of: entry) else {
                if StepName.hasCheckpointSuffix(entry.path) {
                    warnings.append("\(entry.path): a link to something outside the run; only the link is kept")
                }
                continue
            }
            if members.contains(target.path) {
                aliases.append(StepAlias(entry: entry, original: target.path, kind: .symbolicLink))
            }
        }
    }
}
