package import FileSystem

/// Takes out of an archive what was forgotten and nothing needs.
///
/// Order of writing, so that an interruption anywhere loses nothing that is visible: the marks say "pruned" before
/// anything goes; a directory loses its manifest first; a reduced step gets its new part, then the manifest that names
/// it, and only then loses the old part. Whatever an interruption leaves is found and removed by the next call.
package struct Pruner {
    private let writer: ArchiveWriter

    package init(_ writer: ArchiveWriter) { self.writer = writer }

    /// - Returns: what was done.
    /// - Throws: `.damaged` where a step that stays misses something or a record that is needed does not match its
    ///   checksum; nothing was taken away then. `.noSpace`, `.inputOutput`.
    package func prune(_ progress: (Int) -> Void = { _ in }) throws(VarveError) -> PrunePlan {
        let archive = try ArchiveReader(writer.layout.root)
        let plan = try PrunePlan(archive, forgotten: archive.forgotten)
        guard !plan.isEmpty else { return plan }
        try check(archive)
        if plan.forgotten != archive.forgotten { try writer.commit(plan.forgotten) }
        try writer.dropParity()
        for version in plan.remains { try Directories.remove(writer.layout.stepDirectory(version)) }
        // Whole steps first: they make the room that reduced ones need.
        for step in plan.steps where step.fate == .removed {
            try remove(archive.versions.version(step.number))
            progress(step.number)
        }
        try reduce(progress)
        try ArchiveWriter.bringParityUpToDate(writer.layout)
        return plan
    }

    /// Compares all records that will be copied with their checksums.
    private func check(_ archive: ArchiveReader) throws(VarveError) {
        var needed = NeededRecords(archive, forgotten: archive.forgotten)
        try needed.walk { (number, need) throws(VarveError) in
            guard let extent = archive.forgotten.extent(number), let reduced = try need.reduced(extent, archive) else {
                return
            }
            let step = try OpenStep(number, of: archive)
            for move in reduced.moves { _ = try step.read(move.from) }
        }
    }

    private func remove(_ version: StepVersion) throws(VarveError) {
        let directory = writer.layout.stepDirectory(version)
        try SystemCalls.unlink(writer.layout.stepManifest(version))
        try Directories.sync(directory)
        try Directories.remove(directory)
        try Directories.sync(writer.layout.steps)
    }

    private func reduce(_ progress: (Int) -> Void) throws(VarveError) {
        let archive = try ArchiveReader(writer.layout.root)
        var needed = NeededRecords(archive, forgotten: archive.forgotten)
        try needed.walk { (number, need) throws(VarveError) in
            var manifest = need.step?.manifest
            if let extent = archive.forgotten.extent(number), let reduced = try need.reduced(extent, archive) {
                let directory = archive.stepDirectory(number)
                try reduced.writePart(from: try OpenStep(number, of: archive), in: directory)
                try Directories.sync(directory)
                try ArchiveWriter.write(reduced.sealed, to: archive.stepManifest(number))
                manifest = reduced.manifest
                progress(number)
            }
            if let manifest { try removeLeftovers(of: manifest, in: archive.stepDirectory(number)) }
        }
    }

    /// Removes what the manifest does not name: an old part, or what an interruption left.
    private func removeLeftovers(of manifest: StepManifest, in directory: String) throws(VarveError) {
        let named = Set(manifest.fileNames).union(["step.manifest"])
        let others = try SystemCalls.list(directory).filter { !named.contains($0) }
        guard !others.isEmpty else { return }
        for name in others { try Directories.remove(Paths.join(directory, name)) }
        try Directories.sync(directory)
    }
}
