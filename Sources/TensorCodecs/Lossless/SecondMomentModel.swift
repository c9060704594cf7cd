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
        let width = max(scale.columns.count, 1)
        let isMatrix = !scale.columns.isEmpty
        var row = isMatrix ? range.lowerBound / width : 0
        var column = isMatrix ? range.lowerBound % width : 0
        var done = 0
        while done < range.count {
            let end = isMatrix ? min(width, column + range.count - done) : range.count
            for j in column..<end {
                let i = done &+ j &- column
                let exponent = Int32(scale.rows[row]) &+ (isMatrix ? Int32(scale.columns[j]) : 0)
                var logarithm = exponent &* Self.exponentUnit
                var context: Int32 = 0
                var kept: Float = 0
                if let previous {
                    let old = Int32(bitPattern: previous[i] &>> Self.unitBits)
                    let deviation = old &- own.value(row, isMatrix ? j : 0)
                    logarithm = logarithm &+ ((alpha &* deviation) &>> 8)
                    logarithm = min(max(logarithm, 0), Self.largest)
                    context = min(max((old &- logarithm) &>> 10, -4), 5)
                    kept = decay * Float(bitPattern: previous[i])
                }
                logarithm = min(max(logarithm, 0), Self.largest)
                let bits = UInt32(bitPattern: logarithm) &<< Self.unitBits
                let predicted = kept + Float(bitPattern: bits)
                buffers.predictions[place &+ i] = predicted.isFinite ? predicted.bitPattern : bits
                buffers.scales[place &+ i] = Int16(truncatingIfNeeded: (bits &>> 21)) &- 508 &+ deviation
                buffers.contexts[place &+ i] = UInt8(truncatingIfNeeded: context &+ 4)
            }
            done += end - column
            (row, column) = (row + 1, 0)
        }
    }
}
