/// Row and column factors by which a weight's change is divided before it is transformed, in sixteenths of an octave.
///
/// They follow the second moment's row and column exponents to the power -1/4: where the loss is steep (a large second
/// moment) the step is fine. An eighth to 1.5 times the plain step: beyond, rare embedding rows would never be updated.
package struct MatrixScale: Sendable, Equatable {
    var rows: [Int8]
    var columns: [Int8]

    private static let smallest = -48
    private static let largest = 9

    /// No second moment: every factor 1.
    init(plain form: MatrixForm) {
        rows = [Int8](repeating: 0, count: form.rows)
        columns = [Int8](repeating: 0, count: form.columns)
    }

    init(_ exponents: RankOneExponents) {
        rows = Self.factors(exponents.rows)
        columns = Self.factors(exponents.columns)
    }

    init(rows: [Int8], columns: [Int8]) {
        self.rows = rows
        self.columns = columns
    }

    private static func mean(_ exponents: [Int32]) -> Double {
        var sum = 0, count = 0
        for exponent in exponents where exponent != RankOneExponents.absent {
            sum += Int(exponent)
            count += 1
        }
        return count == 0 ? 0 : Double(sum) / Double(count)
    }

    /// What rounding the mean exponents did to the factors, undone by a step of so much more: the unit in which a second
    /// moment comes must not show. An encoder's number.
    static func correction(_ exponents: RankOneExponents) -> Double {
        let rows = mean(exponents.rows), columns = mean(exponents.columns)
        return PowerTable.sixtyFourth(
            Int((4 * (rows - rows.rounded() + columns - columns.rounded())).rounded()))
    }

    /// (v / mean of v)^(-1/4): quarter octaves of v are sixteenths of an octave here.
    private static func factors(_ exponents: [Int32]) -> [Int8] {
        let mean = Int(mean(exponents).rounded())
        return exponents.map {
            guard $0 != RankOneExponents.absent else { return Int8(largest) }
            return Int8(max(smallest, min(largest, mean - Int($0))))
        }
    }

    /// Of the factors of all elements.
    var rootMeanSquare: Double {
        func meanSquare(_ exponents: [Int8]) -> Double {
            exponents.reduce(0.0) { $0 + PowerTable.sixteenth(2 * Int($1)) } / Double(max(1, exponents.count))
        }
        return (meanSquare(rows) * meanSquare(columns)).squareRoot()
    }

    /// 2^(-exponent / 16) of a run of rows or columns.
    static func divisors(_ exponents: ArraySlice<Int8>) -> [Double] {
        exponents.map { PowerTable.sixteenth(-Int($0)) }
    }

    /// 2^(exponent / 16) of a run of rows or columns.
    static func factors(_ exponents: ArraySlice<Int8>) -> [Double] {
        exponents.map { PowerTable.sixteenth(Int($0)) }
    }
}
