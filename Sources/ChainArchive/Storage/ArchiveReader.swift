package import TensorFiles

/// An archive opened for reading. Needs neither a lock nor write access.
package struct ArchiveReader: Sendable {
    package let layout: ArchiveLayout
    /// Visible steps, ascending, as they were when the archive was opened. Of some the moments may be forgotten.
    package let steps: [Int]
    /// All steps on disk, ascending: the visible ones, and forgotten ones that are not pruned or that others build on.
    package let stored: [Int]
    package let forgotten: ForgottenSteps
    /// Why it is not known what was forgotten. Then nothing is taken for forgotten, and nothing may be written.
    package let forgottenDamage: VarveError?
    /// Step directories without a manifest: an interrupted writer's, invisible.
    package let uncommitted: [Int]

    /// - Throws: `.notAnArchive`; `.damaged`, `.unsupported` for the archive's manifest; `.notFound`.
    package init(_ root: String) throws(VarveError) {
        layout = ArchiveLayout(root)
        guard try FileIdentity(path: root, following: true).kind == .directory else {
            throw VarveError(.notAnArchive, "not a directory", file: root)
        }
        do throws(VarveError) {
            let body = try SealedFile.open(layout.archiveManifest, kind: .archive).body
            _ = try ArchiveManifest(decoding: body, file: layout.archiveManifest)
        } catch  where error.code == .notFound {
            guard try Directories.isThere(layout.steps) else {
                throw VarveError(.notAnArchive, "no archive.manifest in it: this is not a Varve archive", file: root)
            }
            throw VarveError(.damaged, "archive.manifest is missing", file: layout.archiveManifest)
        }
        var visible: [Int] = [], invisible: [Int] = []
        if try Directories.isThere(layout.steps) {
            for name in try SystemCalls.list(layout.steps) {
                guard let number = ArchiveLayout.stepNumber(name) else { continue }
                if try layout.isVisible(number) { visible.append(number) } else { invisible.append(number) }
            }
        }
        do throws(VarveError) {
            forgotten = try ForgottenSteps.read(layout)
            forgottenDamage = nil
        } catch  where error.code == .damaged {
            forgotten = ForgottenSteps()
            forgottenDamage = error
        }
        let marks = forgotten
        stored = visible.sorted()
        steps = stored.filter { marks.extent($0) != .whole }
        uncommitted = invisible.sorted()
    }

    /// - Throws: `.usage` for a step that is not there; `.forgotten` for one that was when the archive was opened;
    ///   `.damaged`.
    package func manifest(_ number: Int) throws(VarveError) -> StepManifest {
        let path = layout.stepManifest(number)
        let sealed: (body: [UInt8], hash: Hash128, version: UInt16)
        do throws(VarveError) {
            sealed = try SealedFile.open(path, kind: .step)
        } catch  where error.code == .notFound {
            throw missing(number)
        }
        let manifest = try StepManifest(decoding: sealed.body, version: sealed.version, file: path)
        guard manifest.number == number else {
            throw VarveError(.damaged, "the manifest is of step \(manifest.number)", file: path)
        }
        return manifest
    }

    /// Why a step has no manifest: somebody may have pruned it since the archive was opened.
    private func missing(_ number: Int) -> VarveError {
        guard stored.contains(number), let now = try? ForgottenSteps.read(layout), now.marks[number]?.pruned != nil
        else { return VarveError(.usage, "the archive has no step \(number)", file: layout.root) }
        return .forgotten(number, file: layout.root)
    }

    /// Whether a step, or some of it, was pruned since the archive was opened: nobody wants it any more, and nothing
    /// that is missing of it is damage.
    package func isPrunedSince(_ number: Int) -> Bool {
        guard let now = try? ForgottenSteps.read(layout) else { return false }
        return now.marks[number]?.pruned != forgotten.marks[number]?.pruned
    }

    /// What shows that a step's manifest was replaced.
    /// - Throws: as `manifest`.
    func manifestIdentity(_ number: Int) throws(VarveError) -> FileIdentity {
        do throws(VarveError) {
            return try FileIdentity(path: layout.stepManifest(number))
        } catch  where error.code == .notFound {
            throw missing(number)
        }
    }

    /// The run's own files; `nil` where none are kept.
    package func runManifest() throws(VarveError) -> RunManifest? {
        do throws(VarveError) {
            let sealed = try SealedFile.open(layout.runManifest, kind: .run)
            return try RunManifest(decoding: sealed.body, version: sealed.version, file: layout.runManifest)
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
                    layout.stepPart(manifest.number, part.name), byteCount: part.byteCount,
                    number: UInt64(manifest.number)))
        }
        return readers
    }
}
