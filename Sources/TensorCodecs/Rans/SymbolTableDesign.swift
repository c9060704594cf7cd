/// The table an encoder makes for a histogram, and what it costs with everything coded by it.
struct SymbolTableDesign {
    let histogram: LevelHistogram
    private(set) var table: SymbolTable
    /// Table, symbols, low bits and escapes in 1/65536 bits; nearly: escapes and field widths are estimates.
    private(set) var cost: UInt64

    /// What the root of one more symbol costs, roughly, to choose a limit by.
    private static let rootBits: UInt64 = 3
    /// Squared root per occurrence: finer tables are longer, coarser ones code worse.
    private static let precisions = [1.0 / 3]
    static let finePrecisions = [1.0 / 12, 1.0 / 6, 1.0 / 3, 2.0 / 3]

    init(_ histogram: LevelHistogram) {
        self.histogram = histogram
        (table, cost) = Self.best(histogram, Self.precisions)
    }

    /// The same histogram with more tables tried.
    func refined() -> SymbolTableDesign {
        var result = self
        (result.table, result.cost) = Self.best(histogram, Self.finePrecisions)
        return result
    }

    /// The design of a histogram with all tables tried at once.
    static func fine(_ histogram: LevelHistogram) -> SymbolTableDesign {
        let (table, cost) = best(histogram, finePrecisions)
        return SymbolTableDesign(histogram: histogram, table: table, cost: cost)
    }

    private init(histogram: LevelHistogram, table: SymbolTable, cost: UInt64) {
        (self.histogram, self.table, self.cost) = (histogram, table, cost)
    }

    private static func best(_ histogram: LevelHistogram, _ precisions: [Double]) -> (SymbolTable, UInt64) {
        let (shift, limit, escapeBytes, counts) = shape(histogram)
        var best = (table: SymbolTable(shift: shift, limit: limit, roots: counts), cost: UInt64.max)
        for precision in precisions {
            let table = fitted(shift: shift, limit: limit, counts: counts, precision)
            guard let frequencies = table.frequencies else { continue }
            var cost = UInt64(table.fixedBits + SymbolTable.bits(table.residuals, rice: table.rice)) * FixedLog2.one
            for (count, frequency) in zip(counts, frequencies) where count > 0 {
                cost += UInt64(count) * CodeLength.symbol(frequency)
            }
            cost += (UInt64(histogram.total) * UInt64(shift) + escapeBytes * 8) * FixedLog2.one
            if cost < best.cost { best = (table, cost) }
        }
        return best
    }

    /// Shift and limit by their estimated cost, with the counts of the symbols they leave.
    private static func shape(
        _ histogram: LevelHistogram
    ) -> (shift: Int, limit: Int, escapeBytes: UInt64, counts: [Int]) {
        var bins = histogram.counts
        var shift = histogram.shift
        var best = (shift: shift, limit: 0, escapeBytes: UInt64(0), bins: bins, cost: UInt64.max)
        while shift <= SymbolTable.shiftLimit {
            let limit = limit(bins, total: histogram.total)
            let cost = limit.cost + UInt64(histogram.total) * UInt64(shift) * FixedLog2.one
            if cost < best.cost { best = (shift, limit.limit, limit.escapeBytes, bins, cost) }
            guard bins.count > 4 else { break }
            bins = (0..<bins.count / 2).map { bins[2 * $0] + bins[2 * $0 + 1] }
            shift += 1
        }
        let half = best.bins.count / 2
        var counts = (0..<2 * best.limit + 1).map { best.bins[half + SymbolTable.value($0)] }
        counts.append(histogram.total - counts.reduce(0, +))
        return (best.shift, best.limit, best.escapeBytes, counts)
    }

    /// The limit that codes some bins best, the bytes of the escapes then, and the bits of everything.
    private static func limit(_ bins: [Int], total: Int) -> (limit: Int, escapeBytes: UInt64, cost: UInt64) {
        let half = bins.count / 2
        let whole = CodeLength.log2(total)
        // How many levels have larger magnitudes; those outside the bins count among them.
        var above = [Int](repeating: total - bins[half], count: half)
        for i in 1..<half { above[i] = above[i - 1] - bins[half + i] - bins[half - i] }
        var inside = UInt64(bins[half]) * (whole - min(CodeLength.log2(bins[half]), whole))
        var best = (limit: 0, escapeBytes: UInt64(0), cost: UInt64.max)
        for limit in 0...min(SymbolTable.limitBound, half - 1) {
            if limit > 0 {
                for count in [bins[half + limit], bins[half - limit]] {
                    inside += UInt64(count) * (whole - min(CodeLength.log2(count), whole))
                }
            }
            let rest = above[limit]
            let escapes = UInt64(rest) * (whole - min(CodeLength.log2(rest), whole))
            // One byte reaches 64 magnitudes far.
            let bytes = UInt64(rest + above[min(limit + 64, half - 1)])
            let cost = inside + escapes + (bytes * 8 + UInt64(limit) * 2 * rootBits) * FixedLog2.one
            if cost < best.cost { best = (limit, bytes, cost) }
            if rest == 0 { break }
        }
        return best
    }

    /// The table for some counts with the prediction that codes it best.
    private static func fitted(shift: Int, limit: Int, counts: [Int], _ precision: Double) -> SymbolTable {
        let bound = Double(SymbolTable.rootLimit * SymbolTable.rootLimit)
        let factor = min(precision, bound / Double(counts.max() ?? 1))
        var table = SymbolTable(
            shift: shift, limit: limit,
            roots: counts.map { $0 == 0 ? 0 : max(1, Int((Double($0) * factor).squareRoot().rounded())) })
        if limit > 0 {
            let distances = (0..<8).map { abs(table.roots[1] - table.roots[0] >> $0) }
            table.first = distances.firstIndex(of: distances.min() ?? 0) ?? 0
        }
        var best = (table: table, bits: Int.max)
        for decay in 0..<(limit > 1 ? 8 : 1) {
            table.decay = decay
            let residuals = table.residuals
            var previous = Int.max
            for rice in 0..<8 {
                let bits = SymbolTable.bits(residuals, rice: rice)
                if bits < best.bits {
                    table.rice = rice
                    best = (table, bits)
                }
                if bits > previous { break }
                previous = bits
            }
        }
        return best.table
    }
}
