/// Units of a keyframe's first moment: the root of the second moment, element by element, or 1 where there is none.
struct MomentUnits {
    private let exponents: RankOneExponents?
    private let form: MatrixForm

    init(_ exponents: RankOneExponents?, _ form: MatrixForm) {
        self.exponents = exponents
        self.form = form
    }

    /// 2^(exponent / 8) of rows and columns; 1 where absent: the moment is zero there.
    private func factors(_ exponents: [Int32], inverse: Bool) -> [Double] {
        exponents.map {
            $0 == RankOneExponents.absent ? 1 : PowerTable.sixteenth((inverse ? -2 : 2) * Int($0))
        }
    }

    func divided(_ values: [Float]) -> [Double] {
        guard let exponents else { return values.map(Double.init) }
        let rows = factors(exponents.rows, inverse: true), columns = factors(exponents.columns, inverse: true)
        var result = [Double](repeating: 0, count: values.count)
        for i in 0..<rows.count {
            let start = i * columns.count
            for j in 0..<columns.count { result[start + j] = Double(values[start + j]) * rows[i] * columns[j] }
        }
        return result
    }

    /// The moment in these units restored from its levels.
    static func directions(_ levels: [Int32], _ header: TransformHeader.Moment) -> [Float] {
        let grid = PowerTable.two(Int(header.unit))
        return levels.map { Float(Double(header.centroids.value($0, stepSize: header.stepSize)) * grid) }
    }

    /// The moment restored from its levels.
    func restored(_ levels: [Int32], _ header: TransformHeader.Moment) -> [Float] {
        guard let exponents else { return Self.directions(levels, header) }
        let grid = PowerTable.two(Int(header.unit))
        let rows = factors(exponents.rows, inverse: false), columns = factors(exponents.columns, inverse: false)
        var result = [Float](repeating: 0, count: levels.count)
        for i in 0..<rows.count {
            let start = i * columns.count
            for j in 0..<columns.count where levels[start + j] != 0 {
                let units = Double(header.centroids.value(levels[start + j], stepSize: header.stepSize))
                result[start + j] = Float(units * grid * rows[i] * columns[j])
            }
        }
        return result
    }
}
