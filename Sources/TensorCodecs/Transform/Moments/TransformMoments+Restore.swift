extension TransformMoments {
    /// The second moment's restored values, before they are rounded to their format.
    func second(_ exponents: RankOneExponents) -> [Float] {
        guard secondStepSize > 0 else { return exponents.values }
        return [Float](unsafeUninitializedCapacity: secondLevels.count) { output, filled in
            secondLevels.withUnsafeBufferPointer {
                exponents.restore(residual: $0, stepSize: secondStepSize, into: output.prefix(secondLevels.count))
            }
            filled = secondLevels.count
        }
    }

    /// The first moment's restored values in a step that is no keyframe.
    /// - Parameters:
    ///   - unit: the group's grid.
    ///   - second: what `second` gave, if there is one.
    func first(unit: Int32, scale: MatrixScale, form: MatrixForm, second: [Float]?) -> [Float] {
        var values = [Float](repeating: 0, count: form.count)
        guard case .levels(let rule, let stepSize, let centroids) = first else { return values }
        let grid = PowerTable.two(Int(unit))
        ElementScale(scale, form).forEach { index, factor in
            let level = firstLevels[index]
            guard level != 0 else { return }
            let units = Double(centroids.value(level, stepSize: stepSize)) * grid
            // Largest finite instead of infinity: what was quantized was finite.
            let value = units * factor * rule.gain(second?[index])
            values[index] = Float(max(-0x1.fffffep+127, min(0x1.fffffep+127, value)))
        }
        return values
    }
}

extension RankOneExponents {
    /// The matrix, row by row.
    package var values: [Float] {
        let count = rows.count * columns.count
        return [Float](unsafeUninitializedCapacity: count) { output, filled in
            restore(into: output.prefix(count))
            filled = count
        }
    }
}

extension UnsafeMutableBufferPointer {
    fileprivate func prefix(_ count: Int) -> UnsafeMutableBufferPointer {
        UnsafeMutableBufferPointer(rebasing: self[..<count])
    }
}
