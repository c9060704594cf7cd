/// A byte source over an array.
package struct MemorySource: ByteSource {
    package let name: String
    package let content: [UInt8]
    package var byteCount: UInt64 { UInt64(content.count) }

    package init(_ content: [UInt8], name: String = "memory") {
        self.content = content
        self.name = name
    }

    package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        guard offset <= byteCount, UInt64(buffer.count) <= byteCount - offset else {
            throw VarveError(
                .truncated, "\(buffer.count) bytes wanted, but there are \(byteCount)", file: name, offset: offset)
        }
        content.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[Int(offset)..<Int(offset) + buffer.count]))
        }
    }
}
