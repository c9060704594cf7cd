package import TensorFiles

/// Names of everything in an archive directory.
///
///     NAME.varve/
///       archive.manifest                     version of the format; its presence makes the directory an archive
///       run.manifest, run-HASH.part          files of the run that belong to no step
///       forgotten.manifest                   steps that were forgotten, and pins; only where there are any
///       manifests.parity                     from which any one lost manifest is made again
///       steps/000000000200/step.manifest     makes the step visible; written last
///       steps/000000000200/0000.part         tensors and payload
///       lock                                 held by a writer
package struct ArchiveLayout: Sendable, Hashable {
    package let root: String

    package init(_ root: String) { self.root = root }

    package var archiveManifest: String { Paths.join(root, "archive.manifest") }
    package var runManifest: String { Paths.join(root, "run.manifest") }
    package var forgottenManifest: String { Paths.join(root, "forgotten.manifest") }
    package var steps: String { Paths.join(root, "steps") }
    package var lock: String { Paths.join(root, "lock") }

    package func stepDirectory(_ number: Int) -> String { Paths.join(steps, Self.stepName(number)) }
    package func stepManifest(_ number: Int) -> String { Paths.join(stepDirectory(number), "step.manifest") }
    /// Whether the step's manifest is there. A manifest that the system fails to look at is not taken for missing: a
    /// writer would replace the step.
    package func isVisible(_ number: Int) throws(VarveError) -> Bool {
        do throws(VarveError) {
            _ = try FileIdentity(path: stepManifest(number))
            return true
        } catch  where error.code == .notFound {
            return false
        }
    }

    package func stepPart(_ number: Int, _ name: String) -> String { Paths.join(stepDirectory(number), name) }

    /// Twelve digits, so that names sort like numbers; more where a step needs more.
    package static func stepName(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }

    /// The step a directory name stands for; `nil` for any name that `stepName` does not make.
    package static func stepNumber(_ name: String) -> Int? {
        guard let number = Int(name), number >= 0, stepName(number) == name else { return nil }
        return number
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
}
