extension TransformState {
    /// Restores a keyframe's weight from its levels: uniform steps in scaled coordinates.
    mutating func takeKeyframe(_ header: TransformHeader, levels: [Int32], initialDirections: [Float]) {
        self.initialDirections = initialDirections.contains { $0 != 0 } ? initialDirections : []
        level = header.level
        unit = header.unit
        age = 0
        var bytes = [UInt8](repeating: 0, count: form.count * format.elementSize)
        let grid = PowerTable.two(Int(header.unit))
        var start = 0
        for tile in tiles {
            let region = tile.region
            let rows = MatrixScale.factors(scale.rows[region.rows])
            let columns = MatrixScale.factors(scale.columns[region.columns])
            var values = [Double](repeating: 0, count: region.count)
            for i in 0..<rows.count {
                let row = rows[i] * grid, line = i * columns.count
                for j in 0..<columns.count {
                    let units = header.centroids.value(levels[start + line + j], stepSize: header.stepSize)
                    values[line + j] = row * columns[j] * Double(units)
                }
            }
            bytes.withUnsafeMutableBytes { format.store(values, to: $0, columns: form.columns, region) }
            start += region.count
        }
        base = bytes
    }

    /// What a keyframe's levels are classed and scaled by.
    mutating func beginKeyframe(_ exponents: [RankOneExponents]) {
        self.exponents = exponents
        if !form.isVector, let fitted = exponents.first { scale = MatrixScale(fitted) }
    }
}
