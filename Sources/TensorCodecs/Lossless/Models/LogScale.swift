/// The expected deviation of a matrix's elements in quarter octaves: an exponent of the row plus one of the column.
struct LogScale: Sendable, Hashable {
    /// One for each row, or a single one.
    var rows: [Int16]
    /// One for each column; none where all are 0.
    var columns: [Int16]

    /// Exponents for the elements that changed alone, against their predecessors.
    static func fit(
        changes: [Int32], _ words: TensorWords, _ previous: TensorWords, columns: Int
    ) -> LogScale {
        var rows = [Double](repeating: 0, count: columns > 0 ? words.count / columns : 1)
        var counts = [Int](repeating: 0, count: rows.count)
        var whole = 0.0
        for position in changes {
            let change =
                Double(Float(bitPattern: words[Int(position)])) - Double(Float(bitPattern: previous[Int(position)]))
            guard change.isFinite else { continue }
            let row = columns > 0 ? Int(position) / columns : 0
            rows[row] += change * change
            counts[row] += 1
            whole += change * change
        }
        let single = LogScale(rows: [exponent(whole / Double(max(changes.count, 1)))], columns: [])
        guard columns > 0, changes.count >= smallestMatrix else { return single }
        // A row that nothing is coded of goes on like the one before, which costs nothing.
        var matrix = LogScale(rows: [], columns: [Int16](repeating: 0, count: columns))
        var gain = 0
        for (sum, count) in zip(rows, counts) {
            matrix.rows.append(count == 0 ? matrix.rows.last ?? 0 : exponent(sum / Double(count)))
            if count > 0 { gain += count * (Int(single.rows[0]) - Int(matrix.rows[matrix.rows.count - 1])) }
        }
        return gain > rows.count * exponentBits * 4 ? matrix : single
    }

    /// Exponents are cut to this range, which covers all of float32.
    static let range = -640...640
    /// Stands for a row or column without deviation.
    static let none = Int16(-640)

    /// Exponents to the root mean squares of residuals: of the rows, of the columns relative to them, of the rows once
    /// more.
    /// - Parameter columns: of the matrix; one row of all elements gets a single exponent.
    static func fit(_ residuals: ValueResiduals, columns: Int) -> LogScale {
        let rowCount = residuals.count / max(columns, 1)
        func single(_ whole: Double) -> LogScale {
            LogScale(rows: [exponent(whole / Double(max(residuals.count, 1)))], columns: [])
        }
        guard rowCount > 1, columns > 1, residuals.count >= smallestMatrix else {
            var parts = SIMD4<Double>(repeating: 0)
            for start in stride(from: 0, to: residuals.count, by: TensorWords.piece) {
                addSquares(residuals.run(start..<min(start + TensorWords.piece, residuals.count)), to: &parts)
            }
            return single(sum(parts))
        }
        let (matrix, whole) = fitMatrix(residuals, rowCount, columns)
        let single = single(whole)
        return matrix.gain(over: single) > (rowCount + columns) * exponentBits * 4 ? matrix : single
    }

    /// What an exponent costs, about.
    private static let exponentBits = 3

    /// Bits that it saves against one exponent for everything, times 4.
    private func gain(over single: LogScale) -> Int {
        // A row without deviation is as well off with any exponent.
        let single = Int(single.rows[0])
        var live = 0, sum = 0
        for exponent in columns where exponent != Self.none {
            live += 1
            sum += Int(exponent)
        }
        return rows.reduce(0) { $0 + ($1 == Self.none ? 0 : (single - Int($1)) * live - sum) }
    }

    /// - Returns: the exponents, and the sum of all squares.
    private static func fitMatrix(
        _ residuals: ValueResiduals, _ rowCount: Int, _ columns: Int
    ) -> (scale: LogScale, whole: Double) {
        var rows: [Int16] = []
        var whole = 0.0
        // Divided by what their row says, residuals are near 1, so that Float has room for their squares.
        var sums = [Float](repeating: 0, count: columns), totals = [Double](repeating: 0, count: columns)
        var live = 0
        for i in 0..<rowCount {
            let row = residuals.run(i * columns..<(i + 1) * columns)
            var parts = SIMD4<Double>(repeating: 0)
            addSquares(row, to: &parts)
            let energy = sum(parts)
            whole += energy
            rows.append(exponent(energy / Double(columns)))
            guard rows[i] != none else { continue }
            let (unit, rest) = factors(rows[i])
            addSquares(row, unit, rest, to: &sums)
            live += 1
            if live & 0xfff == 0 { flush(&sums, to: &totals) }
        }
        flush(&sums, to: &totals)
        let fitted = totals.map { exponent($0 / Double(max(live, 1))) }
        let weights = fitted.map { $0 == none ? 0 : Float(QuarterOctaves.power(Int32(-2 * $0))) }
        for i in 0..<rowCount where rows[i] != none {
            let (unit, rest) = factors(rows[i])
            let square = weightedSquare(residuals.run(i * columns..<(i + 1) * columns), unit, rest, weights)
            let change = exponent(Double(square) / Double(columns))
            if change != none {
                rows[i] = Int16(min(max(Int(rows[i]) + Int(change), range.lowerBound + 1), range.upperBound))
            }
        }
        return (LogScale(rows: rows, columns: fitted), whole)
    }

    /// Two factors that divide by what an exponent stands for: the product may have no place in Float.
    private static func factors(_ exponent: Int16) -> (unit: Float, rest: Float) {
        let half = Int32(-exponent) / 2
        return (Float(QuarterOctaves.power(half)), Float(QuarterOctaves.power(Int32(-exponent) - half)))
    }

    private static func flush(_ sums: inout [Float], to totals: inout [Double]) {
        for j in sums.indices {
            totals[j] += Double(sums[j])
            sums[j] = 0
        }
    }

    /// Adds the squares of a row, scaled by two factors, to those of the rows before.
    private static func addSquares(
        _ values: UnsafeBufferPointer<Float>, _ unit: Float, _ rest: Float, to sums: inout [Float]
    ) {
        sums.withUnsafeMutableBufferPointer { sums in
            for j in 0..<sums.count {
                let value = values[j] * unit * rest
                sums[j] += value * value
            }
        }
    }

    /// Sum of the squares of a row, scaled by two factors, times weights; eight partial sums.
    private static func weightedSquare(
        _ values: UnsafeBufferPointer<Float>, _ unit: Float, _ rest: Float, _ weights: [Float]
    ) -> Float {
        weights.withUnsafeBytes { weights in
            let values = UnsafeRawBufferPointer(values)
            var parts = SIMD8<Float>(repeating: 0)
            var position = 0
            while position &+ 32 <= weights.count {
                let value = values.loadUnaligned(fromByteOffset: position, as: SIMD8<Float>.self) * unit * rest
                parts += value * value * weights.loadUnaligned(fromByteOffset: position, as: SIMD8<Float>.self)
                position &+= 32
            }
            while position < weights.count {
                let value = values.loadUnaligned(fromByteOffset: position, as: Float.self) * unit * rest
                parts[0] += value * value * weights.loadUnaligned(fromByteOffset: position, as: Float.self)
                position &+= 4
            }
            let four = parts.lowHalf + parts.highHalf
            return (four[0] + four[1]) + (four[2] + four[3])
        }
    }

    /// Below this many elements exponents of rows and columns cost more than they gain.
    private static let smallestMatrix = 1024

    /// 4 log2 of the root of a mean square.
    private static func exponent(_ meanSquare: Double) -> Int16 {
        guard meanSquare > 0, meanSquare.isFinite, meanSquare.isNormal else { return none }
        let half = QuarterOctaves.tableLogarithm(meanSquare) + QuarterOctaves.one
        return Int16(min(max(half >> (FixedLog2.fractionBits + 1), range.lowerBound + 1), range.upperBound))
    }

    /// Adds the squares of values to four partial sums, in turns; all calls but the last take a multiple of 4.
    private static func addSquares(_ values: UnsafeBufferPointer<Float>, to sums: inout SIMD4<Double>) {
        let values = UnsafeRawBufferPointer(values)
        var parts = sums
        var position = 0
        while position &+ 16 <= values.count {
            let four = SIMD4<Double>(values.loadUnaligned(fromByteOffset: position, as: SIMD4<Float>.self))
            parts += four * four
            position &+= 16
        }
        while position < values.count {
            let value = Double(values.loadUnaligned(fromByteOffset: position, as: Float.self))
            parts[0] += value * value
            position &+= 4
        }
        sums = parts
    }

    private static func sum(_ parts: SIMD4<Double>) -> Double { (parts[0] + parts[1]) + (parts[2] + parts[3]) }

    /// Writes the scales of the elements `range` of a row-major matrix.
    func fill(_ output: UnsafeMutablePointer<Int32>, _ range: Range<Int>) {
        guard !columns.isEmpty else {
            output.update(repeating: Int32(rows[0]), count: range.count)
            return
        }
        let width = columns.count
        var row = range.lowerBound / width, column = range.lowerBound % width
        var done = 0
        rows.withUnsafeBufferPointer { rows in
            columns.withUnsafeBufferPointer { columns in
                while done < range.count {
                    let end = min(width, column + range.count - done)
                    let exponent = Int32(rows[row])
                    for j in column..<end {
                        output[done &+ j &- column] = max(exponent &+ Int32(columns[j]), Int32(Self.none))
                    }
                    done += end - column
                    (row, column) = (row + 1, 0)
                }
            }
        }
    }
}
