/// A run of bytes in a file that holds tensor values and nothing else: a torch storage, or one safetensors tensor.
package struct Storage: Sendable, Hashable {
    /// torch: the storage key (`0`, `94614932808464`); safetensors: the tensor's name.
    package var key: String
    /// First byte, from the start of the file.
    package var fileOffset: UInt64
    package var byteCount: UInt64

    package init(key: String, fileOffset: UInt64, byteCount: UInt64) {
        self.key = key
        self.fileOffset = fileOffset
        self.byteCount = byteCount
    }
}
