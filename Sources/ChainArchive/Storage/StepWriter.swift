package import FileSystem

/// A step being written. Nothing of it is visible before `commit` returns; unless it is committed, it is removed.
package final class StepWriter {
    private let version: StepVersion
    private let layout: ArchiveLayout
    private let directory: String
    private let lock: ArchiveLock
    package let part: PartWriter
    private var committed = false

    init(layout: ArchiveLayout, version: StepVersion, lock: ArchiveLock) throws(VarveError) {
        self.layout = layout
        self.lock = lock
        self.version = version
        directory = layout.stepDirectory(version)
        try Directories.remove(directory)
        try Directories.create(directory)
        try Directories.sync(layout.steps)
        part = try PartWriter(
            directory: directory, name: ArchiveLayout.partName(0), index: 0, number: UInt64(version.number))
    }

    deinit {
        // Without the lock it may be another writer's by now.
        if !committed, (try? lock.check()) != nil { try? Directories.remove(directory) }
    }

    /// Bytes of all files of the step, once it is visible.
    package var storedBytes: UInt64 {
        get throws(VarveError) { try ArchiveReader.storedBytes(directory: directory) }
    }

    /// Makes the step visible: part first, its name durable, the manifest last.
    /// - Throws: `.locked` where the archive's lock is no longer ours; the step stays out of sight then.
    package func commit(_ manifest: StepManifest) throws(VarveError) {
        var manifest = manifest
        guard !manifest.namesReplaced else {
            throw VarveError(
                .unsupported, "the step builds on a version that was replaced", file: layout.stepManifest(version))
        }
        manifest.parts = [StepManifest.Part(name: part.name, byteCount: part.byteCount)]
        try part.commit()
        try Directories.sync(directory)
        let bytes = try manifest.sealed()
        let path = layout.stepManifest(version)
        let file = try OutputFile(path)
        try file.write(bytes, at: 0)
        try lock.check()
        // From the rename on the step may be visible, so it must not be removed any more whatever happens.
        committed = true
        do throws(VarveError) {
            try file.commit()
        } catch {
            committed = (try? layout.isVisible(version)) ?? true
            throw error
        }
        try Directories.sync(directory)
        try ArchiveWriter.cover(ArchiveLayout.relativeManifest(version), bytes, layout)
    }
}
