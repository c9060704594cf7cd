package import FileSystem

/// Names of everything in an archive directory.
///
///     NAME.varve/
///       archive.manifest                     version of the format; its presence makes the directory an archive
///       run.manifest, run-000N.part          files of the run that belong to no step; run-000N.parity
///       forgotten.manifest                   steps that were forgotten, and pins; only where there are any
///       manifests.parity                     from which any one lost manifest is made again
///       steps/000000000200/step.manifest     makes the step visible; written last
///       steps/000000000200/0000.part         tensors and payload
///       steps/000000000200/0000.parity       from which a damaged stretch of the part is mended
///       steps/000000000200-1/                the same step, compressed again: `StepVersion`
///       lock                                 held by a writer
package struct ArchiveLayout: Sendable, Hashable {
    package let root: String

    package init(_ root: String) { self.root = root }

    package var archiveManifest: String { Paths.join(root, "archive.manifest") }
    package var runManifest: String { Paths.join(root, "run.manifest") }
    package var forgottenManifest: String { Paths.join(root, "forgotten.manifest") }
    package var steps: String { Paths.join(root, "steps") }
    package var lock: String { Paths.join(root, "lock") }

    package func stepDirectory(_ version: StepVersion) -> String { Paths.join(steps, version.directoryName) }
    package func stepManifest(_ version: StepVersion) -> String {
        Paths.join(stepDirectory(version), "step.manifest")
    }
    package func stepPart(_ version: StepVersion, _ name: String) -> String {
        Paths.join(stepDirectory(version), name)
    }

    /// Whether a version's manifest is there. A manifest that the system fails to look at is not taken for missing: a
    /// writer would replace the step.
    package func isVisible(_ version: StepVersion) throws(VarveError) -> Bool {
        do throws(VarveError) {
            _ = try FileIdentity(path: stepManifest(version))
            return true
        } catch  where error.code == .notFound {
            return false
        }
    }

    /// Every directory of a step, with a manifest or without.
    func stepDirectories() throws(VarveError) -> [StepVersion] {
        try SystemCalls.list(steps).compactMap(StepVersion.init(directoryName:))
    }

    /// Whether a step may have a part of that name.
    package static func isPartName(_ name: String) -> Bool {
        guard let index = Int(name.dropLast(".part".count)), index >= 0 else { return false }
        return partName(index) == name
    }

    package static func partName(_ index: Int) -> String {
        let digits = String(index)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ".part"
    }

    /// The name of the parity of a part; also of whole paths.
    package static func parityName(of part: String) -> String {
        (part.hasSuffix(".part") ? String(part.dropLast(".part".count)) : part) + ".parity"
    }

    /// Whether a step may have a part's parity of that name.
    package static func isParityName(_ name: String) -> Bool {
        name.hasSuffix(".parity") && isPartName(name.dropLast(".parity".count) + ".part")
    }
}
