/// `RansCoder` of levels that fit into a byte: the same streams, coded faster.
struct ByteLevels {
    let levels: UnsafeBufferPointer<Int8>
    /// Below `RansCoder.classLimit`.
    let classes: UnsafeBufferPointer<UInt8>

    /// - Parameter segments: as for `RansCoder`; classes share tables by their estimated costs.
    func packed(segments: [Int]) throws(CodecError) -> RansCoder.Packed {
        let counts = counts()
        var bits: UInt32 = 0
        for (position, count) in counts.enumerated() where count > 0 {
            bits |= UInt32(RansCoder.zigzag(Int32(Int8(truncatingIfNeeded: position))))
        }
        let histograms = bits == 0 ? [] : LevelHistogram.histograms(counts)
        let encoder = bits == 0 ? nil : LevelEncoder(levels, classes: classes, histograms, .quick)
        return try RansCoder.pack(levels, encoder, zigzagBits: bits, segments: segments) {
            $0.encode(levels, classes, largestClass: Int(histograms.last?.value ?? 0))
        }
    }

    /// How often each level occurs in each class.
    private func counts() -> [UInt32] {
        let size = RansCoder.classLimit << 8
        // Two tables, so that equal neighbours do not wait for each other.
        var counts = [UInt32](repeating: 0, count: 2 * size)
        counts.withUnsafeMutableBufferPointer { counts in
            for i in 0..<levels.count {
                let position = Int(classes[i]) &<< 8 | Int(UInt8(bitPattern: levels[i]))
                counts[(i & 1) &* size &+ position] &+= 1
            }
            for position in 0..<size { counts[position] &+= counts[size &+ position] }
        }
        counts.removeLast(size)
        return counts
    }
}
