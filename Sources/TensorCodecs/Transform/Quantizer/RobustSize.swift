/// Sizes of values that single large elements do not move.
enum RobustSize {
    /// Values up to so many medians count as the tensor's own.
    private static let medians = 8.0

    /// The root mean square of the values whose magnitude is within eight times the median magnitude, zeros aside; 0 if
    /// all are zero, `nil` if any is no number.
    static func rootMeanSquare(_ tiles: [[Double]]) -> Double? {
        var magnitudes: [Float] = []
        magnitudes.reserveCapacity(tiles.reduce(0) { $0 + $1.count })
        // A common power of two brings everything into Float's range.
        let largest = tiles.reduce(0.0) { $1.reduce($0) { max($0, $1.magnitude) } }
        guard largest > 0 else { return tiles.allSatisfy { $0.allSatisfy { $0 == 0 } } ? 0 : nil }
        guard largest.isFinite else { return nil }
        let shift = PowerTable.exponent(largest)
        guard (-1000...1000).contains(shift) else { return nil }
        let scale = PowerTable.two(-shift)
        for tile in tiles {
            for value in tile where value != 0 { magnitudes.append(Float(value.magnitude * scale)) }
        }
        let median = magnitudes.withUnsafeBufferPointer { Median.magnitude($0) }
        let limit = Float(medians * median)
        var sum = 0.0, count = 0
        for value in magnitudes where value <= limit {
            sum += Double(value) * Double(value)
            count += 1
        }
        return count == 0 ? 0 : (sum / Double(count)).squareRoot() * PowerTable.two(shift)
    }

    /// The share of a sum of squares that is left if the few elements that stand far out are taken away; 1 if none do, or
    /// if they are many: then they are what the tensor is like.
    static func commonShare(_ bytes: [UInt8], less other: [UInt8], _ format: FloatFormat) -> Double {
        let count = bytes.count / format.elementSize
        guard count >= fewest else { return 1 }
        let whole = squares(bytes, other, format, count, upTo: .infinity)
        guard whole.sum > 0, whole.sum.isFinite else { return 1 }
        var found = whole
        for _ in 0..<4 {
            let limit = farOut * (found.sum / Double(max(1, found.count))).squareRoot()
            let next = squares(bytes, other, format, count, upTo: limit)
            guard next.count < found.count else { break }
            guard (count - next.count) * 512 <= count, next.sum > 0 else { break }
            found = next
        }
        return found.sum / whole.sum
    }

    private static let fewest = 512
    private static let farOut = 16.0

    private static func squares(
        _ bytes: [UInt8], _ other: [UInt8], _ format: FloatFormat, _ count: Int, upTo limit: Double
    ) -> (sum: Double, count: Int) {
        var line = [Double](repeating: 0, count: min(4096, count)), before = line
        var sum = 0.0, within = 0
        for start in stride(from: 0, to: count, by: line.count) {
            let width = min(line.count, count - start)
            line.withUnsafeMutableBufferPointer { line in
                before.withUnsafeMutableBufferPointer { before in
                    let line = UnsafeMutableBufferPointer(rebasing: line[..<width])
                    let before = UnsafeMutableBufferPointer(rebasing: before[..<width])
                    bytes.withUnsafeBytes { format.load($0, from: start, into: line) }
                    other.withUnsafeBytes { format.load($0, from: start, into: before) }
                    for index in 0..<width {
                        let difference = line[index] - before[index]
                        let inside = difference.magnitude <= limit
                        sum += inside ? difference * difference : 0
                        within += inside ? 1 : 0
                    }
                }
            }
        }
        return (sum, within)
    }
}
