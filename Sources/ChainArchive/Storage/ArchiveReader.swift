package import FileSystem

/// An archive opened for reading. Needs neither a lock nor write access.
package struct ArchiveReader: Sendable {
    package let layout: ArchiveLayout
    /// Visible steps, ascending, as they were when the archive was opened. Of some the moments may be forgotten.
    package let steps: [Int]
    /// All steps on disk, ascending by number: the visible ones, forgotten ones that are not pruned or that others build
    /// on, and keys (`StepVersion`) of versions that were replaced.
    package let stored: [Int]
    package let forgotten: ForgottenSteps
    /// Why it is not known what was forgotten. Then nothing is taken for forgotten, and nothing may be written.
    package let forgottenDamage: VarveError?
    /// Steps of which there is a directory without a manifest: an interrupted writer's, invisible.
    package let uncommitted: [Int]
    /// Those directories.
    let uncommittedVersions: [StepVersion]
    package let versions: StepVersions
    /// Whether a version was replaced and its mark is not yet written.
    let hasUnmarkedReplacement: Bool

    /// - Throws: `.notAnArchive`; `.damaged`, `.unsupported` for the archive's manifest; `.notFound`.
    package init(_ root: String) throws(VarveError) {
        layout = ArchiveLayout(root)
        guard try FileIdentity(path: root, following: true).kind == .directory else {
            throw VarveError(.notAnArchive, "not a directory", file: root)
        }
        do throws(VarveError) {
            let body = try ManifestFile.open(layout.archiveManifest, kind: .archive).body
            _ = try ArchiveManifest(decoding: body, file: layout.archiveManifest)
        } catch  where error.code == .notFound {
            guard try Directories.isThere(layout.steps) else {
                throw VarveError(.notAnArchive, "no archive.manifest in it: this is not a Varve archive", file: root)
            }
            throw VarveError(.damaged, "archive.manifest is missing", file: layout.archiveManifest)
        }
        var visible: [StepVersion] = [], invisible: [StepVersion] = []
        if try Directories.isThere(layout.steps) {
            for version in try layout.stepDirectories() {
                if try layout.isVisible(version) { visible.append(version) } else { invisible.append(version) }
            }
        }
        var marks: ForgottenSteps
        do throws(VarveError) {
            marks = try ForgottenSteps.read(layout)
            forgottenDamage = nil
        } catch  where error.code == .damaged {
            marks = ForgottenSteps()
            forgottenDamage = error
        }
        versions = StepVersions(stored: visible, marked: marks.marks.keys)
        // By number: what a step builds on comes before it, whichever version of it that is.
        stored = visible.sorted().map(versions.key)
        // A version that was replaced is as good as forgotten.
        let unmarked = stored.filter { StepVersion.isReplaced($0) && marks.marks[$0] == nil }
        for key in unmarked { marks.marks[key] = .init(.whole) }
        hasUnmarkedReplacement = !unmarked.isEmpty
        forgotten = marks
        let extents = marks
        steps = stored.filter { extents.extent($0) != .whole }
        uncommittedVersions = invisible.sorted()
        uncommitted = Set(invisible.map(\.number)).sorted()
    }

    /// Where a step's files are. Another process may replace the step meanwhile: these stay the ones that were there.
    package func stepDirectory(_ number: Int) -> String { layout.stepDirectory(versions.version(number)) }
    package func stepManifest(_ number: Int) -> String { layout.stepManifest(versions.version(number)) }
    package func stepPart(_ number: Int, _ name: String) -> String { Paths.join(stepDirectory(number), name) }

    /// - Throws: `.usage` for a step that is not there; `.forgotten` for one that was when the archive was opened;
    ///   `.damaged`.
    package func manifest(_ number: Int) throws(VarveError) -> StepManifest {
        let path = stepManifest(number), version = versions.version(number)
        let sealed: (body: [UInt8], hash: Hash128)
        do throws(VarveError) {
            sealed = try ManifestFile.open(path, kind: .step)
        } catch  where error.code == .notFound {
            throw missing(number)
        }
        var manifest = try StepManifest(decoding: sealed.body, file: path)
        guard manifest.number == version.number else {
            throw VarveError(.damaged, "the manifest is of step \(manifest.number)", file: path)
        }
        manifest.renumber { versions.key(of: $0, seenFrom: version.generation) }
        return manifest
    }

    /// What tells a step of this archive, and what it restores to, from all others.
    /// - Parameters:
    ///   - program: what is told apart besides.
    ///   - weights: `weightsDigest` of the step's manifest.
    /// - Throws: as `manifest`.
    package func mark(_ number: Int, weights: Hash128, program: String) throws(VarveError) -> StateMark {
        StateMark(
            program: program, step: number,
            archive: try ManifestFile.open(layout.archiveManifest, kind: .archive).hash,
            manifest: try ManifestFile.open(stepManifest(number), kind: .step).hash, weights: weights)
    }

    /// Why a step has no manifest: somebody may have pruned it since the archive was opened.
    private func missing(_ number: Int) -> VarveError {
        guard stored.contains(number), let now = try? ForgottenSteps.read(layout), mark(number, in: now)?.pruned != nil
        else { return VarveError(.usage, "the archive has no step \(StepVersion.text(number))", file: layout.root) }
        return .forgotten(number, file: layout.root)
    }

    /// Whether a step, or some of it, was pruned since the archive was opened: nobody wants it any more, and nothing
    /// that is missing of it is damage.
    package func isPrunedSince(_ number: Int) -> Bool {
        guard let now = try? ForgottenSteps.read(layout) else { return false }
        return mark(number, in: now)?.pruned != forgotten.marks[number]?.pruned
    }

    /// The mark of a step; of one that was replaced since, that of the version that this reader knows.
    private func mark(_ number: Int, in now: ForgottenSteps) -> ForgottenSteps.Mark? {
        now.marks[versions.version(number).replacedKey] ?? now.marks[number]
    }

    /// What shows that a step's manifest was replaced.
    /// - Throws: as `manifest`.
    func manifestIdentity(_ number: Int) throws(VarveError) -> FileIdentity {
        do throws(VarveError) {
            return try FileIdentity(path: stepManifest(number))
        } catch  where error.code == .notFound {
            throw missing(number)
        }
    }

    /// Whether all of a step may have been pruned, however much is left for others.
    package func isPruned(_ number: Int) -> Bool { forgotten.marks[number]?.pruned == .whole }

    /// Whether a step's manifest is still there.
    package func isStored(_ number: Int) throws(VarveError) -> Bool {
        try layout.isVisible(versions.version(number))
    }

    /// The run's own files; `nil` where none are kept.
    package func runManifest() throws(VarveError) -> RunManifest? {
        do throws(VarveError) {
            let sealed = try ManifestFile.open(layout.runManifest, kind: .run)
            return try RunManifest(decoding: sealed.body, file: layout.runManifest)
        } catch  where error.code == .notFound {
            return nil
        }
    }

    /// Readers for the parts of a step, sizes and headers checked.
    package func parts(_ manifest: StepManifest) throws(VarveError) -> [PartReader] {
        var readers: [PartReader] = []
        for part in manifest.parts {
            readers.append(
                try PartReader(
                    stepPart(manifest.number, part.name), byteCount: part.byteCount,
                    number: UInt64(StepVersion.number(manifest.number))))
        }
        return readers
    }
}
