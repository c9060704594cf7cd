/// Turns values into levels of a dead-zone quantizer.
struct TileQuantizer {
    let zone: DeadZone
    /// 1 / step.
    let scale: Double

    func levels(_ values: [Double]) -> [Int32] {
        [Int32](unsafeUninitializedCapacity: values.count) { output, filled in
            values.withUnsafeBufferPointer { values in
                for index in 0..<values.count { output[index] = zone.level(values[index] * scale) }
            }
            filled = values.count
        }
    }

    /// Appends the levels of a tile's coefficients, from which those that are there already are taken first.
    /// - Returns: for every row the sum of its squared sizes in steps.
    func quantize(_ matrix: inout IntegerMatrix, less coefficients: [Int32], into levels: inout [Int32]) -> [Double] {
        let rows = matrix.rows, columns = matrix.columns, start = levels.count
        levels.append(contentsOf: repeatElement(0, count: rows * columns))
        var sums = [Double](repeating: 0, count: rows)
        levels.withUnsafeMutableBufferPointer { levels in
            matrix.values.withUnsafeMutableBufferPointer { values in
                coefficients.withUnsafeBufferPointer { coefficients in
                    for row in 0..<rows {
                        let line = row * columns
                        let output = UnsafeMutableBufferPointer(
                            rebasing: levels[start + line..<start + line + columns])
                        let input = UnsafeMutableBufferPointer(rebasing: values[line..<line + columns])
                        if !coefficients.isEmpty {
                            let old = UnsafeBufferPointer(rebasing: coefficients[line..<line + columns])
                            for j in 0..<columns { input[j] -= Double(old[j]) }
                        }
                        sums[row] = quantize(input, into: output)
                    }
                }
            }
        }
        return sums
    }

    @inline(__always)
    private func quantize(
        _ values: UnsafeMutableBufferPointer<Double>, into output: UnsafeMutableBufferPointer<Int32>
    ) -> Double {
        var sums = SIMD4<Double>(repeating: 0)
        let wide = values.count & ~3
        var j = 0
        while j < wide {
            let size = SIMD4(values[j], values[j &+ 1], values[j &+ 2], values[j &+ 3]) * scale
            sums += size * size
            for lane in 0..<4 { output[j &+ lane] = zone.level(size[lane]) }
            j &+= 4
        }
        while j < values.count {
            let size = values[j] * scale
            sums[0] += size * size
            output[j] = zone.level(size)
            j &+= 1
        }
        return (sums[0] + sums[1]) + (sums[2] + sums[3])
    }

    /// The largest magnitude of levels, and how many are not zero.
    func extent(of levels: [Int32]) -> (largest: Int, nonzero: Int) {
        levels.withUnsafeBufferPointer { levels in
            var largest: UInt32 = 0, nonzero = 0, start = 0
            while start < levels.count {
                // Counted in as many bits as a level has, so that the loop runs over vectors of both.
                let end = min(start + 1 << 16, levels.count)
                var found: UInt32 = 0
                for index in start..<end {
                    largest = max(largest, levels[index].magnitude)
                    found &+= levels[index] == 0 ? 0 : 1
                }
                nonzero += Int(found)
                start = end
            }
            return (Int(largest), nonzero)
        }
    }

    /// Whether a level hit the end of the range.
    func overflows(_ levels: [Int32]) -> Bool { extent(of: levels).largest >= zone.largest }
}
