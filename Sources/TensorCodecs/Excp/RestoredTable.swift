/// What every index of a moment is restored as, in the bytes of a format.
package struct RestoredTable: Sendable {
    private let bytes: [UInt8]
    private let size: Int

    package init(_ codebook: [Float], _ format: FloatFormat) {
        bytes = format.bytes(ExcpRole.table(codebook))
        size = format.elementSize
    }

    /// Writes the restored elements. `output` must have exactly room for them.
    package func restore(_ indices: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableRawBufferPointer) {
        precondition(output.count == indices.count * size, "one element per index")
        switch size {
        case 2: restore(indices, as: UInt16.self, into: output)
        case 4: restore(indices, as: UInt32.self, into: output)
        default: restore(indices, as: UInt64.self, into: output)
        }
    }

    @inline(__always)
    private func restore<Word: FixedWidthInteger & BitwiseCopyable>(
        _ indices: UnsafeBufferPointer<UInt8>, as type: Word.Type, into output: UnsafeMutableRawBufferPointer
    ) {
        bytes.withUnsafeBytes { table in
            for i in 0..<indices.count {
                let word = table.loadUnaligned(fromByteOffset: Int(indices[i]) &* (Word.bitWidth / 8), as: type)
                output.storeBytes(of: word, toByteOffset: i &* (Word.bitWidth / 8), as: type)
            }
        }
    }
}
