/// A block of a file's payload, anywhere in an archive.
package struct PayloadLocation: Sendable, Hashable {
    package var step: Int
    /// Index into the step's entries.
    package var entry: Int
    /// Index into the entry's payload.
    package var block: Int

    package init(step: Int, entry: Int, block: Int) {
        self.step = step
        self.entry = entry
        self.block = block
    }
}
