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
    var own = OwnRank(rows: [0], columns: [])

    /// Fills predictions, scales and contexts of the elements `range`.
    /// - Parameter previous: the predecessor's words in that range.
    func predict(
        _ buffers: ResidualBuffers, at place: Int, _ range: Range<Int>, previous: UnsafePointer<UInt32>?
    ) {
        guard !scale.columns.isEmpty else {
            return row(buffers, at: place, range.count, previous, Int32(scale.rows[0]), own.rows[0], nil, nil)
        }
        let width = scale.columns.count
        scale.columns.withUnsafeBufferPointer { exponents in
            own.columns.withUnsafeBufferPointer { ownColumns in
                var i = range.lowerBound / width, column = range.lowerBound % width
                var done = 0
                while done < range.count {
                    let end = min(width, column + range.count - done)
                    row(
                        buffers, at: place + done, end - column, previous.map { $0 + done }, Int32(scale.rows[i]),
                        depth > 0 ? own.rows[i] : 0, exponents.baseAddress.map { $0 + column },
                        depth > 0 ? ownColumns.baseAddress.map { $0 + column } : nil)
                    done += end - column
                    (i, column) = (i + 1, 0)
                }
            }
        }
    }

    /// Elements of one row.
    @inline(__always)
    private func row(
        _ buffers: ResidualBuffers, at place: Int, _ count: Int, _ previous: UnsafePointer<UInt32>?, _ exponent: Int32,
        _ ownRow: Int32, _ exponents: UnsafePointer<Int16>?, _ ownColumns: UnsafePointer<Int32>?
    ) {
        let predictions = buffers.predictions + place, scales = buffers.scales + place
        let contexts = buffers.contexts + place
        let alpha = alpha, decay = decay, deviation = deviation
        guard let previous else {
            for j in 0..<count {
                let bits = Self.bits((exponent &+ Int32(exponents?[j] ?? 0)) &* Self.exponentUnit)
                predictions[j] = bits
                scales[j] = Int16(truncatingIfNeeded: bits &>> 21) &- 508 &+ deviation
                contexts[j] = 4
            }
            return
        }
        for j in 0..<count {
            let old = Int32(bitPattern: previous[j] &>> Self.unitBits)
            let beyond = old &- ownRow &- (ownColumns?[j] ?? 0)
            let wanted = (exponent &+ Int32(exponents?[j] ?? 0)) &* Self.exponentUnit &+ ((alpha &* beyond) &>> 8)
            let bits = Self.bits(wanted)
            let logarithm = Int32(bitPattern: bits &>> Self.unitBits)
            let predicted = decay * Float(bitPattern: previous[j]) + Float(bitPattern: bits)
            predictions[j] = predicted.isFinite ? predicted.bitPattern : bits
            scales[j] = Int16(truncatingIfNeeded: bits &>> 21) &- 508 &+ deviation
            contexts[j] = UInt8(truncatingIfNeeded: min(max((old &- logarithm) &>> 10, -4), 5) &+ 4)
        }
    }

    /// A: the float of a logarithm.
    @inline(__always)
    private static func bits(_ logarithm: Int32) -> UInt32 {
        UInt32(bitPattern: min(max(logarithm, 0), largest)) &<< unitBits
    }
}
