import COpenBLAS

/// Products of matrices of integers in Doubles whose sums stay below 2^53: every order of adding gives the same bits, so it
/// does not matter who takes them.
enum IntegerProduct {
    /// A matrix as it lies in memory, row by row, and whether its transpose is meant.
    struct Operand {
        var values: UnsafePointer<Double>
        var stride: Int
        var transposed: Bool
    }

    /// `result` = a b, all of it written.
    /// - Parameter size: rows and columns of the result, and the length of the index summed over.
    static func multiply(
        _ size: (rows: Int, columns: Int, inner: Int), _ a: Operand, _ b: Operand,
        into result: UnsafeMutableBufferPointer<Double>, in room: LibraryRoom = .shared
    ) {
        let isDone = room.enter {
            cblas_dgemm(
                CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans, b.transposed ? CblasTrans : CblasNoTrans,
                Int32(size.rows), Int32(size.columns), Int32(size.inner), 1, a.values, Int32(a.stride), b.values,
                Int32(b.stride), 0, result.baseAddress, Int32(size.columns))
        }
        if !isDone { multiplyAlone(size, a, b, into: result) }
    }

    /// The same without the library.
    static func multiplyAlone(
        _ size: (rows: Int, columns: Int, inner: Int), _ a: Operand, _ b: Operand,
        into result: UnsafeMutableBufferPointer<Double>
    ) {
        result.update(repeating: 0)
        guard b.transposed else { return addRows(size, a, b, into: result) }
        addDots(size, a, b, into: result)
    }

    /// Lines of b that stay in the cache while all of a goes by.
    private static let block = 64

    /// Adds multiples of rows of b to rows of the result.
    private static func addRows(
        _ size: (rows: Int, columns: Int, inner: Int), _ a: Operand, _ b: Operand,
        into result: UnsafeMutableBufferPointer<Double>
    ) {
        guard let sums = result.baseAddress else { return }
        for first in stride(from: 0, to: size.inner, by: block) {
            for row in 0..<size.rows {
                let target = sums + row * size.columns
                for k in first..<min(first + block, size.inner) {
                    let factor = a.transposed ? a.values[k * a.stride + row] : a.values[row * a.stride + k]
                    if factor == 0 { continue }
                    let source = b.values + k * b.stride
                    for column in 0..<size.columns { target[column] += factor * source[column] }
                }
            }
        }
    }

    /// Takes each element as a product of a row of a with a row of b.
    private static func addDots(
        _ size: (rows: Int, columns: Int, inner: Int), _ a: Operand, _ b: Operand,
        into result: UnsafeMutableBufferPointer<Double>
    ) {
        let step = a.transposed ? a.stride : 1
        for first in stride(from: 0, to: size.columns, by: block) {
            for row in 0..<size.rows {
                let left = a.values + (a.transposed ? row : row * a.stride)
                for column in first..<min(first + block, size.columns) {
                    let right = b.values + column * b.stride
                    var (even, odd) = (0.0, 0.0)
                    var k = 0
                    while k + 1 < size.inner {
                        even += left[k * step] * right[k]
                        odd += left[(k + 1) * step] * right[k + 1]
                        k += 2
                    }
                    if k < size.inner { even += left[k * step] * right[k] }
                    result[row * size.columns + column] = even + odd
                }
            }
        }
    }
}
