/// `IndexPacking` of levels that fit into a byte: the same streams, coded faster.
struct ByteLevels {
    let levels: UnsafeBufferPointer<Int8>
    /// Below `IndexPacking.classLimit`.
    let classes: UnsafeBufferPointer<UInt8>

    /// - Parameter segments: as for `IndexPacking`; classes share tables by their estimated costs.
    func packed(segments: [Int]) throws(CodecError) -> IndexPacking.Packed {
        let counts = counts()
        var bits: UInt32 = 0
        for (place, count) in counts.enumerated() where count > 0 {
            bits |= UInt32(IndexPacking.zigzag(Int32(Int8(truncatingIfNeeded: place))))
        }
        let histograms = bits == 0 ? [] : LevelHistogram.histograms(counts)
        let encoder = bits == 0 ? nil : IndexEncoder(levels, classes: classes, histograms, .quick)
        return try IndexPacking.pack(levels, encoder, zigzagBits: bits, segments: segments) {
            $0.encode(levels, classes, largestClass: Int(histograms.last?.value ?? 0))
        }
    }

    /// How often each level occurs in each class.
    private func counts() -> [UInt32] {
        let size = IndexPacking.classLimit << 8
        // Two tables, so that equal neighbours do not wait for each other.
        var counts = [UInt32](repeating: 0, count: 2 * size)
        counts.withUnsafeMutableBufferPointer { counts in
            for i in 0..<levels.count {
                let place = Int(classes[i]) &<< 8 | Int(UInt8(bitPattern: levels[i]))
                counts[(i & 1) &* size &+ place] &+= 1
            }
            for place in 0..<size { counts[place] &+= counts[size &+ place] }
        }
        counts.removeLast(size)
        return counts
    }
}
