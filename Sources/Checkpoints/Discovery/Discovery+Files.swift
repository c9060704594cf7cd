import FileSystem

extension Discovery {
    /// Finds the checkpoints among the files directly in a directory.
    mutating func takeFiles(_ directory: String) {
        var probes: [FileProbe] = []
        var broken: [(FileProbe, VarveError)] = []
        for entry in scan.files(directory) {
            let probe = FileProbe(entry, in: scan)
            if StepName.isTemporary(probe.name) {
                if isTemporaryCheckpoint(probe) {
                    skip(
                        entry.path, [entry.path],
                        VarveError(
                            .incomplete, "its name says that it is still being written", file: scan.absolute(entry.path)
                        ))
                }
                continue
            }
            if case .broken(let error) = probe.outcome {
                if looksLikeCheckpoint(probe) {
                    skip(entry.path, [entry.path], error)
                    broken.append((probe, error))
                }
                continue
            }
            probes.append(probe)
        }
        var groups: [String: [FileProbe]] = [:]
        for probe in probes { groups[groupKey(probe), default: []].append(probe) }
        for key in groups.keys.sorted() {
            let members = groups[key] ?? []
            for group in split(members) where !group.isEmpty {
                // A part that is cut off takes the rest of its step with it.
                if let (probe, error) = broken.first(where: { groupKey($0.0) == key && isPart($0.0, of: group) }) {
                    let main = candidate(group)
                    skip(
                        main.path, main.members,
                        VarveError(
                            .incomplete, "another file of the same step cannot be read",
                            file: scan.absolute(probe.path),
                            cause: error))
                } else {
                    candidates.append(candidate(group))
                }
            }
        }
    }

    /// Whether a file that cannot be read belongs to a step of several files: the optimizer beside weights, a shard.
    private func isPart(_ probe: FileProbe, of group: [FileProbe]) -> Bool {
        group.contains { other in
            FileRole.isOptimizer(probe.name) != FileRole.isOptimizer(other.name)
                || FileRole.shardKey(probe.name) != nil
                    && FileRole.shardKey(probe.name) == FileRole.shardKey(other.name)
        }
    }

    /// Whether a file with a temporary name is a checkpoint being written: by its ending, its first bytes, or a name
    /// that only writers of checkpoints use.
    private func isTemporaryCheckpoint(_ probe: FileProbe) -> Bool {
        if StepName.hasCheckpointSuffix(probe.name) || probe.name.hasPrefix(".tmp") { return true }
        if case .other = probe.outcome { return false }
        return true
    }

    /// Whether a file that cannot be opened is worth a message: it is named like a checkpoint.
    private func looksLikeCheckpoint(_ probe: FileProbe) -> Bool {
        guard StepName.hasCheckpointSuffix(probe.name), !FileRole.isAuxiliary(probe.name) else { return false }
        let ambiguous =
            [".bin", ".tar"].contains { probe.name.lowercased().hasSuffix($0) }
            && !probe.name.lowercased().hasSuffix(".pth.tar")
        guard ambiguous else { return true }
        return FileRole.namesCheckpoint(probe.name)
    }

    /// Files of one step share it: the number in the name, or the word that moves (`last_model`, `last_optimizer`).
    private func groupKey(_ probe: FileProbe) -> String {
        if let step = probe.stepName, step.kind != .glued { return "#\(step.number)" }
        if let step = probe.stepName { return "#\(step.number) \(FileRole.bareStem(probe.name))" }
        return "*" + FileRole.bareStem(probe.name)
    }

    /// Sorts files of one group into checkpoints: an optimizer's file joins its weights; networks with other names
    /// or roles belong together, versions of one network do not.
    private func split(_ members: [FileProbe]) -> [[FileProbe]] {
        let mains = members.filter {
            if $0.isOpaque { return $0.isCheckpoint && opaqueCounts($0) && !FileRole.isOptimizer($0.name) }
            return $0.hasWeights && !FileRole.isAuxiliary($0.name)
        }
        let companions = members.filter { probe in
            !mains.contains { $0.path == probe.path }
                && (probe.hasOptimizer || FileRole.isAuxiliary(probe.name) || FileRole.isOptimizer(probe.name))
        }
        guard !mains.isEmpty else {
            let optimizers = companions.filter(\.hasOptimizer)
            return optimizers.isEmpty ? [] : [optimizers]
        }
        var groups: [[FileProbe]] = []
        for main in mains {
            if let at = groups.firstIndex(where: { group in group.allSatisfy { belongTogether($0, main) } }) {
                groups[at].append(main)
            } else {
                groups.append([main])
            }
        }
        // Without a number in their names, other files only join where they are named like the weights.
        for companion in companions {
            let best = groups.indices.max {
                likeness(companion, groups[$0]) < likeness(companion, groups[$1])
            }
            if let best { groups[best].append(companion) }
        }
        return groups
    }

    private func opaqueCounts(_ probe: FileProbe) -> Bool {
        let lowered = probe.name.lowercased()
        return ![".bin", ".tar"].contains { lowered.hasSuffix($0) } || FileRole.namesCheckpoint(probe.name)
    }

    /// Whether two files with weights are parts of one checkpoint.
    private func belongTogether(_ a: FileProbe, _ b: FileProbe) -> Bool {
        if FileRole.shardKey(a.name) == FileRole.shardKey(b.name), FileRole.shardKey(a.name) != nil { return true }
        if a.isWhole, b.isWhole { return false }
        if a.isOpaque || b.isOpaque { return false }
        return a.weightNames.isDisjoint(with: b.weightNames) || FileRole.network(a.name) != FileRole.network(b.name)
    }

    private func likeness(_ companion: FileProbe, _ group: [FileProbe]) -> Int {
        guard let first = group.first else { return 0 }
        return zip(companion.name, first.name).prefix { $0 == $1 }.count
            + zip(companion.name.reversed(), first.name.reversed()).prefix { $0 == $1 }.count
    }

    private func candidate(_ group: [FileProbe]) -> StepCandidate {
        let main = group.max {
            ($0.hasWeights || $0.isOpaque ? 1 : 0, $0.weightNames.count) < (
                $1.hasWeights || $1.isOpaque ? 1 : 0, $1.weightNames.count
            )
        }
        let path = main?.path ?? ""
        let members = group.map(\.path).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return StepCandidate(
            path: path, isDirectory: false, members: members, name: Paths.split(path).name, probes: group)
    }
}
