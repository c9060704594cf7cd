/// The scale of every element of a matrix.
struct ElementScale {
    private let rows: [Double]
    private let columns: [Double]

    init(_ scale: MatrixScale, _ form: MatrixForm) {
        rows = MatrixScale.factors(scale.rows[...])
        columns = MatrixScale.factors(scale.columns[...])
    }

    /// Calls `body` with the index and the scale of every element, row by row.
    func forEach(_ body: (Int, Double) -> Void) {
        var index = 0
        for row in rows {
            for column in columns {
                body(index, row * column)
                index += 1
            }
        }
    }
}
