/// Classes of a keyframe's weights: by scale, for a large factor means a small level.
enum KeyframeClasses {
    private static let count = 16

    /// The class of an element is offset minus half the sum of its row's and column's exponents, clamped.
    static func offset(_ scale: MatrixScale, _ tile: MatrixForm.Tile) -> Int16 {
        func mean(_ exponents: ArraySlice<Int8>) -> Int {
            exponents.isEmpty ? 0 : exponents.reduce(0) { $0 + Int($1) } / exponents.count
        }
        return Int16(count / 2 + (mean(scale.rows[tile.rows]) + mean(scale.columns[tile.columns])) / 4)
    }

    static func classes(_ scale: MatrixScale, _ form: MatrixForm, offsets: [Int16]) -> [UInt8] {
        var classes: [UInt8] = []
        classes.reserveCapacity(form.count)
        for (tile, offset) in zip(form.tiles, offsets) {
            let columns = scale.columns[tile.columns].map { Int($0) }
            for row in scale.rows[tile.rows] {
                for column in columns {
                    let value = Int(offset) - (Int(row) + column) >> 2
                    classes.append(UInt8(max(0, min(count - 1, value))))
                }
            }
        }
        return classes
    }
}
