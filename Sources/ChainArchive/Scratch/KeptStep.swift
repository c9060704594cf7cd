/// A restored step with what a later one may build on.
package struct KeptStep: Sendable {
    package let number: Int
    /// Its restored tensors and payload.
    package let store: ScratchStore

    package init(number: Int, store: ScratchStore) {
        self.number = number
        self.store = store
    }
}
