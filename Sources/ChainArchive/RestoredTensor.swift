/// A restored tensor: its index in the manifest and its bytes, content hash compared.
package struct RestoredTensor: Sendable {
    package var index: Int
    package var bytes: [UInt8]
}
