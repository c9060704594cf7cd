/// All dot products of two sets of vectors.
///
/// Small enough, as a rule, to need no library: one would take a buffer of its own before it begins. Sums are taken in a
/// fixed order, so that every machine comes to the same correlations.
enum CorrelationProduct {
    private static let lanes = 8

    /// The products of each of `left` with each of `right`, row by row.
    /// - Parameters:
    ///   - left: `rows` vectors of `count` values, one after the other.
    ///   - right: `columns` such vectors.
    static func products(_ left: [Float], rows: Int, _ right: [Float], columns: Int, count: Int) -> [Float] {
        precondition(left.count == rows * count && right.count == columns * count)
        return [Float](unsafeUninitializedCapacity: rows * columns) { result, filled in
            left.withUnsafeBufferPointer { left in
                right.withUnsafeBufferPointer { right in
                    for row in stride(from: 0, to: rows, by: 2) {
                        // The last of an odd number goes with itself.
                        let next = min(row + 1, rows - 1)
                        for column in stride(from: 0, to: columns, by: 2) {
                            let beside = min(column + 1, columns - 1)
                            let sums = four(
                                left, row * count, next * count, right, column * count, beside * count, count)
                            result[row * columns + column] = sums[0]
                            result[row * columns + beside] = sums[1]
                            result[next * columns + column] = sums[2]
                            result[next * columns + beside] = sums[3]
                        }
                    }
                }
            }
            filled = rows * columns
        }
    }

    /// The products of two vectors with two: each value that was loaded is used twice.
    @inline(__always)
    private static func four(
        _ left: UnsafeBufferPointer<Float>, _ a: Int, _ b: Int, _ right: UnsafeBufferPointer<Float>, _ c: Int, _ d: Int,
        _ count: Int
    ) -> SIMD4<Float> {
        var (ac, ad, bc, bd) = (SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>())
        let whole = count / lanes * lanes
        if whole > 0, let x = left.baseAddress, let y = right.baseAddress {
            for position in stride(from: 0, to: whole, by: lanes) {
                let (va, vb) = (load(x + a + position), load(x + b + position))
                let (vc, vd) = (load(y + c + position), load(y + d + position))
                ac += va * vc
                ad += va * vd
                bc += vb * vc
                bd += vb * vd
            }
        }
        var sums = SIMD4(ac.sum(), ad.sum(), bc.sum(), bd.sum())
        for position in whole..<count {
            let (va, vb, vc, vd) = (left[a + position], left[b + position], right[c + position], right[d + position])
            sums += SIMD4(va * vc, va * vd, vb * vc, vb * vd)
        }
        return sums
    }

    @inline(__always)
    private static func load(_ pointer: UnsafePointer<Float>) -> SIMD8<Float> {
        UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
    }
}
