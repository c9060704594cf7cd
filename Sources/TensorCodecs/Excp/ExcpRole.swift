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

    /// Codebook with the pruned value in front, filled up to 256 entries so that any index is in range.
    func table(pruned: Float = 0) -> [Float] {
        [pruned] + codebook + [Float](repeating: 0, count: 255 - codebook.count)
    }

    /// Writes the restored values, pruned ones as `pruned`. `output` must have one place per index.
    package func restore(into output: UnsafeMutableBufferPointer<Float>, pruned: Float = 0) {
        precondition(output.count == indices.count, "one place per index")
        table(pruned: pruned).withUnsafeBufferPointer { table in
            indices.withUnsafeBufferPointer { indices in
                for i in 0..<indices.count { output[i] = table[Int(indices[i])] }
            }
        }
    }

    /// The restored values.
    package func restored(pruned: Float = 0) -> [Float] {
        [Float](unsafeUninitializedCapacity: indices.count) { output, filled in
            restore(into: UnsafeMutableBufferPointer(rebasing: output[..<indices.count]), pruned: pruned)
            filled = indices.count
        }
    }

    /// What quantization did to `original`, which has one value per index.
    package func error(against original: UnsafeBufferPointer<Float>) -> ErrorMeasure {
        precondition(original.count == indices.count, "one value per index")
        return table().withUnsafeBufferPointer { table in
            indices.withUnsafeBufferPointer { indices in
                ErrorMeasure(indices.count) { Double(original[$0]) - Double(table[Int(indices[$0])]) }
            }
        }
    }
}
