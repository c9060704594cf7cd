/// A tile's values, divided by the scale: what is quantized.
struct ScaledTile {
    var values: [Double]
    /// The largest magnitude; NaN never wins, infinity does.
    var largest: Double

    /// - Parameters:
    ///   - base: subtracted first, if there is one.
    ///   - grid: values are multiplied by it and rounded to integers, halves away from zero; `nil` leaves them as they are.
    init(
        _ bytes: [UInt8], less base: [UInt8]?, _ format: FloatFormat, _ form: MatrixForm, _ tile: MatrixForm.Tile,
        _ scale: MatrixScale, grid: Double?
    ) {
        let rows = MatrixScale.divisors(scale.rows[tile.rows])
        let columns = MatrixScale.divisors(scale.columns[tile.columns])
        var largest = 0.0
        values = [Double](unsafeUninitializedCapacity: tile.count) { output, filled in
            bytes.withUnsafeBytes { bytes in
                columns.withUnsafeBufferPointer { columns in
                    let width = columns.count
                    var lines = [Double](repeating: 0, count: width)
                    lines.withUnsafeMutableBufferPointer { before in
                        for (position, row) in tile.rows.enumerated() {
                            let line = UnsafeMutableBufferPointer(
                                rebasing: output[position * width..<(position + 1) * width])
                            let start = row * form.columns + tile.columns.lowerBound
                            format.load(bytes, from: start, into: line)
                            if let base {
                                base.withUnsafeBytes { format.load($0, from: start, into: before) }
                                for j in 0..<width { line[j] -= before[j] }
                            }
                            let found = Self.scale(line, rows[position], columns, grid)
                            largest = found > largest ? found : largest
                        }
                    }
                    filled = tile.count
                }
            }
        }
        self.largest = largest
    }

    /// - Returns: the largest magnitude before rounding.
    @inline(__always)
    private static func scale(
        _ line: UnsafeMutableBufferPointer<Double>, _ row: Double, _ columns: UnsafeBufferPointer<Double>,
        _ grid: Double?
    ) -> Double {
        var largest = SIMD4<Double>(repeating: 0)
        var j = 0
        let wide = line.count & ~3
        while j < wide {
            var value = SIMD4(line[j], line[j &+ 1], line[j &+ 2], line[j &+ 3])
            value *= row * SIMD4(columns[j], columns[j &+ 1], columns[j &+ 2], columns[j &+ 3])
            if let grid { value *= grid }
            let size = value.replacing(with: -value, where: value .< 0)
            largest.replace(with: size, where: size .> largest)
            if grid != nil { value = DeterministicLoops.roundedAway(value) }
            for lane in 0..<4 { line[j &+ lane] = value[lane] }
            j &+= 4
        }
        while j < line.count {
            var value = line[j] * (row * columns[j])
            if let grid { value *= grid }
            if value.magnitude > largest[0] { largest[0] = value.magnitude }
            line[j] = grid == nil ? value : DeterministicLoops.roundedAway(value)
            j &+= 1
        }
        return largest.max()
    }
}
