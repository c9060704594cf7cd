package import FileSystem

/// An archive opened for writing: one writer at a time.
package final class ArchiveWriter {
    package let layout: ArchiveLayout
    let lock: ArchiveLock

    /// Opens an archive, or makes a new one where there is nothing.
    ///
    /// - Parameter wait: how long to wait where another process writes to it; `nil`: not at all.
    /// - Throws: `.exists` where something else is in the way; `.locked`; `.damaged`, `.unsupported`.
    package init(_ root: String, writer: String, wait: LockWait? = nil) throws(VarveError) {
        layout = ArchiveLayout(root)
        if try Self.isMissing(layout.archiveManifest), try Directories.isThere(root) {
            let content = try SystemCalls.list(root).filter {
                $0 != "lock" && !$0.hasPrefix(OutputFile.temporaryPrefix)
            }
            guard content.isEmpty else {
                if content.contains("steps") {
                    throw VarveError(.damaged, "archive.manifest is missing", file: layout.archiveManifest)
                }
                throw VarveError(.exists, "there is a directory that is no archive", file: root)
            }
        }
        try Directories.create(root)
        lock = try LockWait.lock(layout, wait)
        // Looked at again: somebody else may have made the archive before the lock was ours.
        if try Self.isMissing(layout.archiveManifest) {
            try Self.write(
                ManifestFile.seal(ArchiveManifest(writer: writer).encoded(), kind: .archive), to: layout.archiveManifest
            )
            try syncAncestors()
        } else if let damage = try ArchiveReader(root).forgottenDamage {
            throw damage
        }
        if try !Directories.isThere(layout.steps) {
            try Directories.create(layout.steps)
            try Directories.sync(root)
        }
        for name in try SystemCalls.list(root) where name.hasPrefix(OutputFile.temporaryPrefix) {
            try Directories.remove(Paths.join(root, name))
        }
        if lock.wasLeftBehind { try syncNames() }
        try finishCommits()
        try Self.bringParityUpToDate(layout)
        let archive = try ArchiveReader(root)
        try markReplaced(in: archive)
        // Where the manifest cannot be read, which part it names is not known.
        if let manifest = try? archive.runManifest() { try removeRunParts(except: manifest.fileNames) }
    }

    /// Marks versions that were replaced: if the manifest of the newer one is lost, the older one must not pass for it.
    package func markReplaced(in archive: ArchiveReader) throws(VarveError) {
        if archive.hasUnmarkedReplacement { try commit(archive.forgotten) }
    }

    /// Flushes every directory of the archive: a former writer ended before it could, and what it made visible is built
    /// on from now on.
    private func syncNames() throws(VarveError) {
        for version in try layout.stepDirectories() {
            try Directories.sync(layout.stepDirectory(version))
        }
        try Directories.sync(layout.steps)
        try Directories.sync(layout.root)
        try syncAncestors()
    }

    /// Makes the archive's own name durable, and those of the directories above it, which may be as new.
    private func syncAncestors() throws(VarveError) {
        var path = Paths.split(layout.root).directory
        try Directories.sync(path)
        while path != ".", path != "/" {
            path = Paths.split(path).directory
            // Those that may not be read were not made here.
            do throws(VarveError) { try Directories.sync(path) } catch  where error.code == .permissionDenied { return }
        }
    }

    private func removeRunParts(except named: [String]) throws(VarveError) {
        for name in try SystemCalls.list(layout.root)
        where name.hasPrefix("run-") && !named.contains(name) {
            try SystemCalls.unlink(Paths.join(layout.root, name))
        }
    }

    /// Whether there is no such path; a path that cannot be looked at is not missing.
    private static func isMissing(_ path: String) throws(VarveError) -> Bool {
        do throws(VarveError) {
            _ = try FileIdentity(path: path)
            return false
        } catch  where error.code == .notFound {
            return true
        }
    }

    /// Begins a step: makes its directory, removing what interrupted writers left of the step.
    /// - Parameter replacing: whether a version of it that is there already is replaced.
    /// - Throws: `.exists` where the step is visible already and not to be replaced.
    package func begin(_ number: Int, replacing: Bool = false) throws(VarveError) -> StepWriter {
        let archive = try ArchiveReader(layout.root)
        guard replacing || !archive.stored.contains(number) else {
            throw VarveError(.exists, "step \(number) is in the archive already", file: layout.root)
        }
        let version = archive.versions.next(number)
        guard version.generation == 0 || number <= StepVersion.largestReplaceable,
            version.generation <= StepVersion.largestGeneration
        else { throw VarveError(.unsupported, "step \(number) cannot be replaced again", file: layout.root) }
        for left in archive.uncommittedVersions where left.number == number {
            guard try layout.workerCounts(left).isEmpty else {
                throw VarveError(
                    .exists,
                    "workers left parts of step \(number) that are not committed; `Archive.commit` makes a step of "
                        + "them, and `Archive.discardParts` removes them", file: layout.stepDirectory(left))
            }
            try Directories.remove(layout.stepDirectory(left))
        }
        return try StepWriter(layout: layout, version: version, lock: lock)
    }

    /// Replaces the manifest of the run's own files, and removes the part that it no longer names.
    package func commit(_ manifest: RunManifest, part: PartWriter?) throws(VarveError) {
        try part?.commit()
        try Directories.sync(layout.root)
        try Self.replace("run.manifest", ManifestFile.seal(manifest.encoded(), kind: .run), layout)
        try removeRunParts(except: manifest.fileNames)
    }

    /// Replaces what is marked and pinned. Where nothing is any more, the file goes.
    package func commit(_ forgotten: ForgottenSteps) throws(VarveError) {
        if let bytes = try forgotten.sealed() { return try Self.replace("forgotten.manifest", bytes, layout) }
        guard try !Self.isMissing(layout.forgottenManifest) else { return }
        try dropParity()
        try SystemCalls.unlink(layout.forgottenManifest)
        try Directories.sync(layout.root)
        try Self.bringParityUpToDate(layout)
    }

    /// Writes a small file whole: temporary name, fsync, rename, fsync of the directory.
    static func write(_ bytes: [UInt8], to path: String) throws(VarveError) {
        let file = try OutputFile(path)
        try file.write(bytes, at: 0)
        try file.commit()
        try Directories.sync(Paths.split(path).directory)
    }
}

extension StepManifest {
    /// Names of the step's parts, and of the parity that each may have.
    package var fileNames: [String] { parts.fileNames }
}

extension RunManifest {
    /// The same of the run's own part.
    package var fileNames: [String] { parts.fileNames }
}

extension [StepManifest.Part] {
    fileprivate var fileNames: [String] { flatMap { [$0.name, ArchiveLayout.parityName(of: $0.name)] } }
}

extension ArchiveReader {
    /// Bytes of the files of a directory.
    package static func storedBytes(directory: String) throws(VarveError) -> UInt64 {
        var total: UInt64 = 0
        for name in try SystemCalls.list(directory) {
            do throws(VarveError) {
                let identity = try FileIdentity(path: Paths.join(directory, name))
                if identity.kind == .regular { total += identity.byteCount }
            } catch  where error.code == .notFound {
                // A writer's temporary file that has got its name since.
            }
        }
        return total
    }
}
