package import FileSystem

/// Steps that several workers wrote become visible, or go.
extension ArchiveWriter {
    /// Makes a step of workers' parts visible.
    ///
    /// The parts are on disk since their receipts are there. What the step needs no more goes behind its manifest: an
    /// interruption leaves either a step that can be committed again, or one that is visible.
    /// - Parameter finish: adds to the manifest what is said of the whole step.
    /// - Returns: bytes stored.
    /// - Throws: `.usage` where the receipts are not all there or contradict each other, or where the step before is another
    ///   one by now; `.damaged`; `.locked`.
    package func commit(
        _ pending: PendingStep, finish: (inout StepManifest, StepFrame) -> Void
    ) throws(VarveError) -> (storedBytes: UInt64, originalBytes: UInt64, notes: [String]) {
        let path = layout.stepManifest(pending.version)
        let (frame, digest) = try settled(pending)
        var manifest = try StepAssembly.manifest(frame, pending.receipts, digest: digest, isWhole: true, file: path)
        finish(&manifest, frame)
        guard !manifest.namesReplaced else {
            throw VarveError(.unsupported, "the step builds on a version that was replaced", file: path)
        }
        let bytes = try manifest.sealed()
        // Receipts are checked field by field; this is for what only the whole shows.
        let sealed = try ManifestFile.open(bytes, kind: .step, path: path)
        _ = try StepManifest(decoding: sealed.body, file: path)
        for part in manifest.parts {
            _ = try PartReader(
                Paths.join(pending.directory, part.name), byteCount: part.byteCount, number: UInt64(pending.number))
        }
        try Directories.sync(pending.directory)
        let file = try OutputFile(path)
        try file.write(bytes, at: 0)
        try lock.check()
        try file.commit()
        try Directories.sync(pending.directory)
        try Self.cover(ArchiveLayout.relativeManifest(pending.version), bytes, layout)
        try removeReceipts(of: pending.version, keeping: manifest)
        return (try ArchiveReader.storedBytes(directory: pending.directory), frame.originalBytes, manifest.notes)
    }

    /// What the step's workers agree in, and the digest of the step before, if the step builds on it.
    private func settled(_ pending: PendingStep) throws(VarveError) -> (frame: StepFrame, digest: Hash128?) {
        let archive = try ArchiveReader(layout.root)
        guard !archive.stored.contains(pending.number) else {
            throw VarveError(.exists, "step \(pending.number) is in the archive already", file: layout.root)
        }
        if let first = pending.contradictions.first {
            throw VarveError(.usage, "step \(pending.number): \(first)", file: pending.directory)
        }
        guard pending.isComplete, let frame = pending.frame else {
            throw VarveError(.usage, "step \(pending.number) has not all of its parts", file: pending.directory)
        }
        let before = archive.steps.last { $0 < pending.number && archive.forgotten.extent($0) == nil }
        guard before == frame.before, frame.number == pending.number else {
            func said(_ step: Int?) -> String { step.map { "step \($0)" } ?? "no step" }
            throw VarveError(
                .usage,
                "step \(pending.number) was made to follow \(said(frame.before)), and \(said(before)) comes before it",
                file: pending.directory)
        }
        guard frame.predecessor == .before, let before else { return (frame, nil) }
        return (frame, try archive.manifest(before).weightsDigest)
    }

    /// Removes what workers left of steps that are not committed.
    /// - Returns: the steps.
    package func discardParts(of wanted: (Int) -> Bool) throws(VarveError) -> [Int] {
        let archive = try ArchiveReader(layout.root)
        var gone = Set<Int>()
        for version in archive.uncommittedVersions where wanted(version.number) {
            try Directories.remove(layout.stepDirectory(version))
            gone.insert(version.number)
        }
        if !gone.isEmpty { try Directories.sync(layout.steps) }
        return gone.sorted()
    }
}

extension ArchiveLayout {
    /// Makes the directory of a step for its parts.
    package func makeStepDirectory(_ version: StepVersion) throws(VarveError) -> String {
        let directory = stepDirectory(version)
        guard try !Directories.isThere(directory) else { return directory }
        try Directories.create(directory)
        try Directories.sync(steps)
        return directory
    }
}
