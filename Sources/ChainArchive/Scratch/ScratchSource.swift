package import FileSystem

/// A value of a scratch store as something to read.
package struct ScratchSource: ByteSource {
    private let store: ScratchStore
    private let key: ScratchStore.Key
    package let name: String
    package let byteCount: UInt64

    /// - Parameter name: of what it stands for, in errors.
    package init(_ key: ScratchStore.Key, in store: ScratchStore, name: String) {
        self.store = store
        self.key = key
        self.name = name
        byteCount = UInt64(store.byteCount(key) ?? 0)
    }

    package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        guard offset <= byteCount, UInt64(buffer.count) <= byteCount - offset,
            try store.read(key, at: Int(offset), into: buffer)
        else {
            throw VarveError(
                .truncated, "\(buffer.count) bytes wanted, but there are \(byteCount)", file: name, offset: offset)
        }
    }

    package func prefetch(_ range: Range<UInt64>) {
        guard range.upperBound <= byteCount else { return }
        store.prefetch(key, Int(range.lowerBound)..<Int(range.upperBound))
    }
}

/// One byte, again and again.
package struct ConstantSource: ByteSource {
    package let name: String
    package let byteCount: UInt64
    private let value: UInt8

    package init(_ value: UInt8, count: Int, name: String) {
        self.value = value
        self.name = name
        byteCount = UInt64(count)
    }

    package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        buffer.initializeMemory(as: UInt8.self, repeating: value)
    }

    package func isHole(_ range: Range<UInt64>) -> Bool { value == 0 }
}
