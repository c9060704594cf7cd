/// Writes a `CodebookBlock`.
enum CodebookBlockEncoder {
    /// - Parameter codebooks: ascending, distinct, finite; at most 255 centres each.
    /// - Throws: `.invalidArgument` for a centre that is not finite: no decoder would take it.
    /// - Returns: bits each codebook takes, roughly.
    static func write(_ codebooks: [[Float]], to writer: inout ByteWriter) throws(CodecError) -> [UInt64] {
        var shifts: [UInt8] = []
        var lengths: [UInt8] = []
        var bits = BitWriter()
        var costs: [UInt64] = []
        var previousFirst: Int64 = 0
        for codebook in codebooks {
            var cost: UInt64 = 1
            defer { costs.append(cost) }
            guard !codebook.isEmpty else { continue }
            guard codebook.allSatisfy(\.isFinite) else {
                throw CodecError(.invalidArgument, "a tensor with infinite values or NaN must be stored exactly")
            }
            let shift = CodebookKeys.shift(codebook)
            shifts.append(UInt8(shift))
            var previous: Int64?
            for centre in codebook {
                let key = CodebookKeys.key(centre) >> Int64(shift)
                let number = previous.map { UInt64(key - $0 - 1) } ?? CodebookKeys.zigzag(key - previousFirst)
                if previous == nil { previousFirst = key }
                previous = key
                let length = UInt64.bitWidth - number.leadingZeroBitCount
                lengths.append(UInt8(length))
                if length > 1 {
                    bits.append(UInt32(truncatingIfNeeded: number & ~(1 << UInt64(length - 1))), bits: length - 1)
                }
                cost += UInt64(max(length - 1, 0)) + 3
            }
        }
        try ByteStream.write(codebooks.map { UInt8($0.count) }, to: &writer)
        try ByteStream.write(shifts, to: &writer)
        try ByteStream.write(lengths, to: &writer)
        writer.append(contentsOf: bits.finish())
        return costs
    }
}
