/// How often each level occurs in a class or a group of classes.
struct LevelHistogram {
    /// Levels are counted without so many low bits: there is no telling wide levels apart.
    let shift: Int
    /// Occurrences of -half ..< half, half being half of their number: a power of two.
    var counts: [Int]
    /// Levels outside.
    var beyond: Int
    var total: Int

    mutating func add(_ other: LevelHistogram) {
        for i in counts.indices { counts[i] += other.counts[i] }
        beyond += other.beyond
        total += other.total
    }

    /// Code length of the levels and a table, in 1/65536 bits, nearly; levels beyond the bins like escapes.
    var estimatedCost: UInt64 {
        var used: UInt64 = 0, inside: UInt64 = 0
        for count in counts where count > 0 {
            used += 1
            inside += CodeLength.countLog(count)
        }
        inside += CodeLength.countLog(beyond)
        let whole = CodeLength.countLog(total)
        return whole - min(inside, whole) + (30 + 4 * used + 12 * UInt64(beyond)) * FixedLog2.one
    }

    /// One histogram for each class that occurs, in ascending order of classes.
    static func count(
        _ levels: UnsafeBufferPointer<Int32>, classes: UnsafeBufferPointer<UInt8>
    ) -> [(value: UInt8, histogram: LevelHistogram)] {
        let (shift, width) = scale(levels)
        let half = 1 << (width - 1)
        let bins = half * 2
        let classCount = Int(classes.max() ?? 0) + 1
        // The last bin of each row takes what is beyond.
        var counts = [Int](repeating: 0, count: classCount * (bins + 1))
        counts.withUnsafeMutableBufferPointer { counts in
            for i in 0..<levels.count {
                let bin = Int(levels[i] &>> Int32(truncatingIfNeeded: shift)) &+ half
                let position = UInt(bitPattern: bin) < UInt(bitPattern: bins) ? bin : bins
                counts[Int(classes[i]) &* (bins &+ 1) &+ position] &+= 1
            }
        }
        return (0..<classCount).compactMap { value in
            let row = counts[value * (bins + 1)..<(value + 1) * (bins + 1)]
            let total = row.reduce(0, +)
            guard total > 0, let beyond = row.last else { return nil }
            return (
                UInt8(value), LevelHistogram(shift: shift, counts: Array(row.dropLast()), beyond: beyond, total: total)
            )
        }
    }

    /// The same of levels of a byte, from how often each occurs.
    /// - Parameter counts: a row of 256 for each class, by the bit patterns of levels.
    static func histograms(_ counts: [UInt32]) -> [(value: UInt8, histogram: LevelHistogram)] {
        let range = (0..<128).reduce(0) { range, magnitude in
            // A level and its complement are equally long.
            let occurs = stride(from: 0, to: counts.count, by: 256).contains {
                counts[$0 + magnitude] > 0 || counts[$0 + 255 - magnitude] > 0
            }
            return occurs ? range | magnitude : range
        }
        let half = 1 << (width(Int32(range)) - 1)
        return stride(from: 0, to: counts.count, by: 256).compactMap { row in
            let bins = (-half..<half).map { level in
                -128..<128 ~= level ? Int(counts[row + Int(UInt8(truncatingIfNeeded: level))]) : 0
            }
            let total = bins.reduce(0, +)
            guard total > 0 else { return nil }
            return (UInt8(row / 256), LevelHistogram(shift: 0, counts: bins, beyond: 0, total: total))
        }
    }

    /// Bits to leave out and bits to keep, sign included: 11 where that is nearly all levels, fewer if there are no more.
    private static func scale(_ levels: UnsafeBufferPointer<Int32>) -> (shift: Int, width: Int) {
        // As long as the longest level.
        let range = levels.reduce(0) { $0 | ($1 ^ $1 &>> 31) }
        if range < 1024 { return (0, width(range)) }
        var widths = [Int](repeating: 0, count: 34)
        widths.withUnsafeMutableBufferPointer { widths in
            for level in levels { widths[33 &- (level ^ (level &>> 31)).leadingZeroBitCount] &+= 1 }
        }
        let largest = widths.lastIndex { $0 > 0 } ?? 0
        var outside = 0
        var width = largest
        while width > 11, outside + widths[width] <= levels.count / 64 {
            outside += widths[width]
            width -= 1
        }
        return (min(max(width - 11, 0), SymbolTable.shiftLimit), max(min(width, 11), 2))
    }

    /// Bits of levels that have all these bits together, sign included.
    private static func width(_ range: Int32) -> Int { max(33 - range.leadingZeroBitCount, 2) }
}
