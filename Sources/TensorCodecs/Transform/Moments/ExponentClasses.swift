/// Classes of exponent symbols: rows, columns, and the two shifts before them; differences in time apart from those
/// between neighbours.
enum ExponentClasses {
    static func classes(_ form: MatrixForm, isDifference: Bool) -> [UInt8] {
        let first: UInt8 = isDifference ? 3 : 0
        return [first, first] + [UInt8](repeating: first + 1, count: form.rows)
            + [UInt8](repeating: first + 2, count: form.columns)
    }
}
