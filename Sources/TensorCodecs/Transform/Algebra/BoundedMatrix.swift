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
