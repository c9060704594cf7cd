/// Predicts second moments: what is left of the step before plus what has come since, which is of rank 1 nearly.
///
/// K(x) = bits of x >> 13 stands for the logarithm, 1024 an octave. With d the decay, v1 the predecessor and u = K(v1)
/// less its own rank 1: l = 128 (row + column) + (alpha u >> 8), A the float with bits l << 13, p = d v1 + A.
struct SecondMomentModel: Sendable {
    static let unitBits: UInt32 = 13
    /// Exponents of rows and columns count eighths of an octave.
    static let exponentUnit: Int32 = 128
    private static let largest: Int32 = 0x7f7f_ffff >> 13

    /// d: how much of the predecessor is left; 0 without one.
    var decay: Float = 0
    /// In 1/256.
    var alpha: Int32 = 0
    /// Deviation against A in quarter octaves.
    var deviation: Int16 = 0
    var depth = 0
    /// In eighths of an octave.
    var scale = LogScale(rows: [0], columns: [])
    /// Of K(v1).
    var previousMeans = LogMeans(rows: [0], columns: [])

    /// Fills predictions, scales and contexts of the elements `range`.
    /// - Parameter previous: the predecessor's words in that range.
    func predict(
        _ block: ResidualBlock, _ range: Range<Int>, previous: UnsafePointer<UInt32>?
    ) {
        // No matrix: pieces of one row, whose columns say nothing.
        let isMatrix = !scale.columns.isEmpty
        let width = isMatrix ? scale.columns.count : Self.piece
        let exponents = isMatrix ? scale.columns : Self.noExponents
        let columnMeans = previousMeans.columns.isEmpty ? Self.noMeans : previousMeans.columns
        exponents.withUnsafeBufferPointer { exponents in
            columnMeans.withUnsafeBufferPointer { columnMeans in
                guard let exponents = exponents.baseAddress, let columnMeans = columnMeans.baseAddress else { return }
                var i = range.lowerBound / width, column = range.lowerBound % width
                var done = 0
                while done < range.count {
                    let count = min(width - column, range.count - done)
                    let exponent = Int32(scale.rows[isMatrix ? i : 0])
                    if let previous {
                        let rowMean = previousMeans.rows[previousMeans.columns.isEmpty ? 0 : i]
                        row(
                            block, at: done, count, previous + done, exponent, rowMean, exponents + column,
                            columnMeans + column)
                    } else {
                        firstRow(block, at: done, count, exponent, exponents + column)
                    }
                    done += count
                    (i, column) = (i + 1, 0)
                }
            }
        }
    }

    private static let piece = 4096
    private static let noExponents = [Int16](repeating: 0, count: piece)
    private static let noMeans = [Int32](repeating: 0, count: piece)

    /// Elements of one row without a predecessor.
    @inline(__always)
    private func firstRow(
        _ block: ResidualBlock, at position: Int, _ count: Int, _ exponent: Int32, _ exponents: UnsafePointer<Int16>
    ) {
        let predictions = block.predictions + position, scales = block.scales + position
        let deviation = Int32(deviation)
        for j in 0..<count {
            let bits = Self.bits((exponent &+ Int32(exponents[j])) &* Self.exponentUnit)
            predictions[j] = bits
            scales[j] = Int32(bitPattern: bits &>> 21) &- 508 &+ deviation
        }
        (block.contexts + position).update(repeating: 4, count: count)
    }

    /// Elements of one row.
    @inline(__always)
    private func row(
        _ block: ResidualBlock, at position: Int, _ count: Int, _ previous: UnsafePointer<UInt32>, _ exponent: Int32,
        _ rowMean: Int32, _ exponents: UnsafePointer<Int16>, _ columnMeans: UnsafePointer<Int32>
    ) {
        let predictions = block.predictions + position, scales = block.scales + position
        let contexts = block.contexts + position
        let alpha = alpha, decay = decay, deviation = Int32(deviation)
        for j in 0..<count {
            let old = Int32(bitPattern: previous[j] &>> Self.unitBits)
            let beyond = old &- rowMean &- columnMeans[j]
            let wanted = (exponent &+ Int32(exponents[j])) &* Self.exponentUnit &+ ((alpha &* beyond) &>> 8)
            let bits = Self.bits(wanted)
            let logarithm = Int32(bitPattern: bits &>> Self.unitBits)
            let predicted = decay * Float(bitPattern: previous[j]) + Float(bitPattern: bits)
            predictions[j] = predicted.isFinite ? predicted.bitPattern : bits
            scales[j] = Int32(bitPattern: bits &>> 21) &- 508 &+ deviation
            contexts[j] = min(max((old &- logarithm) &>> 10, -4), 5) &+ 4
        }
    }

    /// A: the float of a logarithm.
    @inline(__always)
    private static func bits(_ logarithm: Int32) -> UInt32 {
        UInt32(bitPattern: min(max(logarithm, 0), largest)) &<< unitBits
    }
}
