/// What a state file belongs to: a program that reads it, and the step whose restored tensors it holds.
///
/// It is compared as a whole. A step that was replaced, rebased or compressed into another archive has another manifest.
package struct StateMark: Sendable, Hashable {
    /// The release that wrote it.
    package var program: String
    package var step: Int
    /// Of all bytes of `archive.manifest` and of the step's manifest.
    package var archive: Hash128
    package var manifest: Hash128
    /// `StepManifest.weightsDigest`.
    package var weights: Hash128

    package init(program: String, step: Int, archive: Hash128, manifest: Hash128, weights: Hash128) {
        self.program = program
        self.step = step
        self.archive = archive
        self.manifest = manifest
        self.weights = weights
    }
}
