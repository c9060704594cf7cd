/// A row-major matrix of integers in Doubles.
package struct IntegerMatrix: Sendable, Equatable {
    package let rows: Int
    package let columns: Int
    package var values: [Double]

    /// Magnitude that no value handed to a basis may reach.
    package static let limit = 0x1p50

    /// `values` must hold `rows * columns` values.
    package init(rows: Int, columns: Int, values: [Double]) {
        precondition(rows >= 0 && columns >= 0 && values.count == rows * columns)
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    /// The largest |value|, 0 for none.
    package var largestMagnitude: Double { DeterministicLoops.largestMagnitude(values) }

    /// - Throws: `.invalidArgument` unless all values are integers of magnitude below `limit`.
    func check() throws(CodecError) {
        let good = values.withUnsafeBufferPointer { values in
            var good = true
            for i in values.indices {
                let value = values[i]
                good = good && value.magnitude < IntegerMatrix.limit && DeterministicLoops.rounded(value) == value
            }
            return good
        }
        guard good, rows <= Int(Int32.max), columns <= Int(Int32.max) else {
            throw CodecError(.invalidArgument, "a matrix to transform holds something else than integers below 2^50")
        }
    }
}

/// An integer matrix whose largest magnitude is known, so that nobody has to look for it again.
struct BoundedMatrix: Sendable {
    var matrix: IntegerMatrix
    /// The largest |value|, 0 for none.
    var largest: Double

    init(_ matrix: IntegerMatrix, largest: Double) {
        self.matrix = matrix
        self.largest = largest
    }

    init(_ matrix: IntegerMatrix) {
        self.init(matrix, largest: matrix.largestMagnitude)
    }

    /// - Throws: `.invalidArgument` where a value is too large for what follows.
    func check() throws(CodecError) {
        guard largest < IntegerMatrix.limit else {
            throw CodecError(.invalidArgument, "a matrix to transform holds integers of 2^50 or more")
        }
    }
}
