/// A file of a step that is another name of a file of an earlier step.
///
/// Each step restores on its own; where both are restored, and are equal then, they are one file again.
package struct StepLink: Sendable, Hashable {
    /// Relative to the run.
    package var path: String
    /// The file of the earlier step, relative to the run.
    package var original: String

    package init(path: String, original: String) {
        self.path = path
        self.original = original
    }
}
