/// A quantizer's step size as an integer number of units of a power-of-two grid, 8 bits finer than itself.
struct QuantizerGrid {
    var unit: Int32
    var stepSize: Int64

    var delta: Double { Double(stepSize) * PowerTable.two(Int(unit)) }

    /// `nil` for sizes that are not finite, not positive, or beyond the grid's range.
    init?(delta: Double) {
        guard delta.isFinite, delta > 0 else { return nil }
        let exponent = PowerTable.exponent(delta) - 8
        guard exponent >= TransformHeader.unitRange.lowerBound, exponent <= TransformHeader.unitRange.upperBound else {
            return nil
        }
        unit = Int32(exponent)
        stepSize = max(1, Int64((delta * PowerTable.two(-exponent)).rounded()))
    }
}

extension TransformHeader {
    /// The quantizer's step size.
    var delta: Double { Double(stepSize) * PowerTable.two(Int(unit)) }

    /// Sets unit and step; `false` where the size is beyond the grid.
    /// - Parameter fallback: log2 of the step size for a size of zero; `nil` where there is none.
    mutating func setGrid(delta: Double, fallback: Int?) -> Bool {
        guard let grid = QuantizerGrid(delta: delta == 0 ? fallback.map { PowerTable.two($0) } ?? 0 : delta) else {
            return false
        }
        (unit, stepSize) = (grid.unit, grid.stepSize)
        return true
    }

    /// Whether a step size like this is still well represented on the grid of a group that began with another.
    func fits(_ size: Double, unit: Int32) -> Bool {
        let units = size * PowerTable.two(Int(-unit))
        return units >= 64 && units < 4096
    }
}

extension PowerTable {
    /// 2^(exponent / 64), to about 1e-15: an encoder's number, not part of the format.
    static func sixtyFourth(_ exponent: Int) -> Double {
        // 2^(1/64) and 2^(1/32).
        let fine = [1.0, 0x1.02c9a3e778061p+0, 0x1.059b0d3158574p+0, 0x1.0874518759bc8p+0]
        return sixteenth(exponent >> 2) * fine[exponent & 3]
    }
}
