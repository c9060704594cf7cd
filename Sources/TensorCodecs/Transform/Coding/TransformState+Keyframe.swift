extension TransformState {
    /// Restores a keyframe's weight from its levels: uniform steps in scaled coordinates.
    mutating func takeKeyframe(_ step: TransformStep, levels: [Int32], opening: [Float]) {
        self.opening = opening.contains { $0 != 0 } ? opening : []
        level = step.level
        unit = step.unit
        age = 0
        var bytes = [UInt8](repeating: 0, count: form.count * format.elementSize)
        let grid = PowerTable.two(Int(step.unit))
        var start = 0
        for tile in tiles {
            let place = tile.place
            let rows = MatrixScale.factors(scale.rows[place.rows])
            let columns = MatrixScale.factors(scale.columns[place.columns])
            var values = [Double](repeating: 0, count: place.count)
            for i in 0..<rows.count {
                let row = rows[i] * grid, line = i * columns.count
                for j in 0..<columns.count {
                    let units = step.centroids.value(levels[start + line + j], step: step.step)
                    values[line + j] = row * columns[j] * Double(units)
                }
            }
            bytes.withUnsafeMutableBytes { format.store(values, to: $0, columns: form.columns, place) }
            start += place.count
        }
        base = bytes
    }

    /// What a keyframe's levels are classed and scaled by.
    mutating func beginKeyframe(_ exponents: [RankOneExponents]) {
        self.exponents = exponents
        if !form.isVector, let fitted = exponents.first { scale = MatrixScale(fitted) }
    }
}
