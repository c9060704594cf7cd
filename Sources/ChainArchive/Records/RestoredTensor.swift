/// A restored tensor: its index in the manifest and its bytes, content hash compared.
package struct RestoredTensor: Sendable {
    package var index: Int
    package var bytes: [UInt8]
    /// Its bytes in the step before, where its own coding has those in it.
    var earlier: [UInt8]?

    init(index: Int, bytes: [UInt8], earlier: [UInt8]? = nil) {
        self.index = index
        self.bytes = bytes
        self.earlier = earlier
    }
}
