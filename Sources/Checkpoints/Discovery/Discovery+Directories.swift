import FileSystem

extension Discovery {
    /// Whether a directory is one checkpoint, rather than a folder of checkpoints or of other things.
    func isCheckpoint(_ directory: String) -> Bool {
        let shape = StepShape(directory, in: scan)
        let name = shape.name
        let files = shape.fileNames.contains { StepName.hasCheckpointSuffix($0) || Layouts.isPiece($0) }
        if StepName.isTemporary(name) {
            return StepName(name) != nil && (files || !shape.paths.isEmpty || name.contains("orbax-checkpoint-tmp"))
        }
        let step = StepName(name)
        let layout = Layouts.layout(of: shape)
        if layout.isOfDirectories {
            if let step, step.kind != .glued { return true }
            return layout.isCheckpoint(unnumbered: shape) {
                scan.directories(directory).contains { isCheckpoint($0.path) }
            }
        }
        guard files, let step else { return false }
        switch step.kind {
        case .glued: return false
        case .bare: if Int(name) == nil { return false }
        case .step, .checkpoint, .epoch: break
        }
        if step.kind == .step || step.kind == .epoch { return true }
        // `model_1/` with `ckpt_10.pt` and `ckpt_20.pt` in it is a folder of checkpoints.
        let inner = Set(
            shape.fileNames.filter { StepName.hasCheckpointSuffix($0) }.compactMap { name -> Int? in
                guard let step = StepName(name),
                    step.kind == .step || step.kind == .epoch || name.lowercased().hasPrefix("ck")
                        || name.lowercased().hasPrefix("checkpoint") || self.step(of: directory, is: .bare)
                else { return nil }
                return step.number
            })
        return inner.count < 2
    }

    private func step(of directory: String, is kind: StepName.Kind) -> Bool {
        StepName(Paths.split(directory).name)?.kind == kind
    }

    /// Whether the run's own directory is a checkpoint.
    func rootIsCheckpoint() -> Bool {
        let shape = StepShape("", in: scan)
        if !Layouts.layout(of: shape).isOfDirectories {
            let names = shape.top.filter { StepName.hasCheckpointSuffix($0) }
            // `model_10.safetensors` is one step of several, or the first of them.
            return shape.weightFiles.contains { StepName($0) == nil }
                && names.allSatisfy { StepName($0).map { $0.kind == .glued } ?? true || shape.weightFiles.contains($0) }
        }
        return Set(candidates.compactMap { StepName($0.name)?.number }).count < 2
    }

    /// Takes a directory as a checkpoint, or skips it with the reason.
    /// - Parameter group: the checkpoint directories beside this one, itself among them.
    mutating func takeDirectory(_ directory: String, among group: [CheckpointFolder] = []) {
        let shape = StepShape(directory, in: scan)
        let members = scan.subtree(directory).map(\.path)
        let layout = Layouts.layout(of: shape)
        if !directory.isEmpty, StepName.isTemporary(shape.name) {
            return skip(
                directory, members,
                VarveError(
                    .incomplete, "its name says that it is still being written", file: scan.absolute(directory)))
        }
        let probes = scan.subtree(directory).filter { $0.identity.kind == .regular }.map { FileProbe($0, in: scan) }
        if let fault = Completeness.fault(of: directory, beside: group, scan)
            ?? trackerFault(directory, layout) ?? fileFault(directory, probes)
        {
            var fault = fault
            if let file = fault.location.file, !file.hasPrefix(scan.root) {
                fault.location.file = Paths.join(scan.absolute(directory), file)
            }
            return skip(directory, members, fault.at(file: scan.absolute(directory)))
        }
        var candidate = StepCandidate(
            path: directory, isDirectory: true, members: members, name: shape.name,
            probes: probes.filter { !Layouts.isForeign($0.path) })
        candidate.namesAreCounters = layout.namesAreCounters
        candidate.told = layout.numbers(candidate.told, in: CheckpointFolder(directory, in: scan))
        candidates.append(candidate)
    }

    /// A tracker names an earlier step as long as the checkpoint is being written.
    private func trackerFault(_ directory: String, _ layout: any Layout.Type) -> VarveError? {
        guard let tracker = layout.tracker else { return nil }
        let parent = Paths.split(directory).directory
        let path = Paths.join(parent == "." ? "" : parent, tracker)
        guard let number = StepName(Paths.split(directory).name)?.number, let entry = scan.entry(path),
            entry.identity.byteCount < 256, let source = try? InputFile(scan.absolute(path)),
            let bytes = try? source.bytes(at: 0, count: Int(source.byteCount))
        else { return nil }
        let text = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined()
        guard let newest = StepName(text)?.number, number > newest else { return nil }
        return VarveError(
            .incomplete, "\(tracker), which is written last, names \(text): this one is still being written",
            file: scan.absolute(path))
    }

    /// Files that are cut off, still have a temporary name, or are missing from an index of shards.
    private func fileFault(_ directory: String, _ probes: [FileProbe]) -> VarveError? {
        for probe in probes {
            if StepName.isTemporary(probe.name),
                StepName.hasCheckpointSuffix(probe.name) || probe.name == ".metadata.tmp"
            {
                return VarveError(
                    .incomplete, "a file's name says that it is still being written", file: scan.absolute(probe.path))
            }
            if case .broken(let error) = probe.outcome, !Layouts.isPiece(probe.path) { return error }
        }
        let inside = scan.subtree(directory)
        for entry in inside where entry.identity.kind == .regular {
            do throws(VarveError) {
                try FileCompleteness.check(scan.absolute(entry.path))
            } catch {
                return error
            }
        }
        let folders = [directory] + inside.filter { $0.identity.kind == .directory && $0.path != directory }.map(\.path)
        return folders.lazy.compactMap { ShardIndex.fault($0, StepShape($0, in: scan), scan) }.first
    }
}
