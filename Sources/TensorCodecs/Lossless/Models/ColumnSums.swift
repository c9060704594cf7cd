/// Sums of logarithms (`SecondMomentModel`, below 2^19) over rows and down columns.
struct ColumnSums {
    /// Of the last rows, flushed before they overflow.
    private var recent: [Int32]
    private var totals: [Int]
    private var rows = 0

    /// A sum of 2048 differences of logarithms stays below 2^31.
    private static let flushed = 2048

    init(_ columns: Int) {
        recent = [Int32](repeating: 0, count: columns)
        totals = [Int](repeating: 0, count: columns)
    }

    /// Adds a row of logarithms: `row` without its low bits.
    @inline(__always)
    mutating func add(_ row: UnsafeBufferPointer<UInt32>, shift: UInt32, less mean: Int32) {
        recent.withUnsafeMutableBufferPointer { recent in
            for j in 0..<row.count { recent[j] &+= Int32(bitPattern: row[j] &>> shift) &- mean }
        }
        rows += 1
        if rows == Self.flushed { flush() }
    }

    private mutating func flush() {
        for j in recent.indices {
            totals[j] += Int(recent[j])
            recent[j] = 0
        }
        rows = 0
    }

    consuming func finish() -> [Int] {
        flush()
        return totals
    }

    /// The sum of a row.
    @inline(__always)
    static func sum(_ row: UnsafeBufferPointer<UInt32>, shift: UInt32) -> Int {
        var sum = 0, start = 0
        while start < row.count {
            let end = min(start + flushed, row.count)
            var part: UInt32 = 0
            for j in start..<end { part &+= row[j] &>> shift }
            sum += Int(part)
            start = end
        }
        return sum
    }
}
