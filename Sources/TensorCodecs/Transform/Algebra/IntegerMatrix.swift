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
