/// The quantized roles of one parameter. Masks are nested: a moment's index is nonzero only where the weight's is, and
/// the second moment's exactly where the first's is.
package struct ExcpTensor: Sendable, Hashable {
    package var weight: ExcpRole
    package var first: ExcpRole?
    package var second: ExcpRole?

    package init(weight: ExcpRole, first: ExcpRole? = nil, second: ExcpRole? = nil) {
        self.weight = weight
        self.first = first
        self.second = second
    }

    /// Elements per role.
    package var count: Int { weight.indices.count }
}

/// One quantized tensor: a codebook and an index per element.
package struct ExcpRole: Sendable, Hashable {
    /// The centres, ascending and distinct; at most 255.
    package var codebook: [Float]
    /// 0 where the value was pruned, else 1 + position in the codebook.
    package var indices: [UInt8]

    package init(codebook: [Float], indices: [UInt8]) {
        self.codebook = codebook
        self.indices = indices
    }

    /// Everything pruned.
    package static func pruned(count: Int) -> ExcpRole {
        ExcpRole(codebook: [], indices: [UInt8](repeating: 0, count: count))
    }

    /// Elements that were not pruned.
    package var keptCount: Int {
        indices.withUnsafeBufferPointer { IndexScan.nonzeroCount($0) }
    }

    /// A codebook with the pruned value in front, filled up to 256 entries so that any index is in range.
    static func table(_ codebook: [Float], pruned: Float = 0) -> [Float] {
        [pruned] + codebook + [Float](repeating: 0, count: 255 - codebook.count)
    }

    /// The restored values.
    package func restored(pruned: Float = 0) -> [Float] {
        let table = Self.table(codebook, pruned: pruned)
        return indices.map { table[Int($0)] }
    }

    /// The restored values in a format.
    package func bytes(_ format: FloatFormat) -> [UInt8] {
        let table = RestoredTable(codebook, format)
        let count = indices.count * format.elementSize
        return [UInt8](unsafeUninitializedCapacity: count) { output, filled in
            indices.withUnsafeBufferPointer {
                table.restore(
                    $0, into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(output)[..<count]))
            }
            filled = count
        }
    }

    /// What quantization did to `original`, which has one value per index.
    package func error(against original: UnsafeBufferPointer<Float>) -> ErrorMeasure {
        precondition(original.count == indices.count, "one value per index")
        let table = Self.table(codebook)
        return ErrorMeasure(indices.count) { Double(original[$0]) - Double(table[Int(indices[$0])]) }
    }
}

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
