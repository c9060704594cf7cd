/// The codebooks of a quantized group together. Layout:
///
/// 1. `ByteStream`: size of each codebook, 0 to 255;
/// 2. `ByteStream`: shift of each codebook that is not empty, 0 to 31;
/// 3. `ByteStream`: one length per centre, 0 to 33;
/// 4. bits: per centre the length - 1 bits below the top one of its number (none for lengths 0 and 1), the first
///    centre's in the lowest bits of the first byte, filled up to a byte with zeros.
///
/// A centre's key is `CodebookKeys.key` >> shift, exact. A number is, for the first centre of a codebook, the zigzag of
/// its key less the first key of the last codebook before it that was not empty (0 where there is none); for the others
/// key less the key before, less one. Its length is its bit length.
enum CodebookBlock {
    /// The longest number: a zigzag of the difference of two 32-bit keys.
    static let lengthLimit = 33
}

/// Codebooks as integers: sign and magnitude of each Float's bits, so that ascending values are ascending keys.
enum CodebookKeys {
    /// The bit pattern of the largest finite Float.
    private static let limit: Int64 = 0x7f7f_ffff

    static func key(_ value: Float) -> Int64 {
        let magnitude = Int64(value.bitPattern & 0x7fff_ffff)
        return value.sign == .minus ? -magnitude : magnitude
    }

    /// nil where no finite Float has that key.
    static func value(_ key: Int64) -> Float? {
        guard key.magnitude <= UInt64(limit) else { return nil }
        let magnitude = UInt32(truncatingIfNeeded: key.magnitude)
        return Float(bitPattern: key < 0 ? magnitude | 0x8000_0000 : magnitude)
    }

    /// Low bits that are zero in all keys: what rounded centres do not use.
    static func shift(_ codebook: [Float]) -> Int {
        let bits = codebook.reduce(UInt64(0)) { $0 | key($1).magnitude }
        return bits == 0 ? 0 : min(bits.trailingZeroBitCount, 31)
    }

    /// 0, -1, 1, -2, 2 ... as 0, 1, 2, 3, 4 ...
    static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: (value << 1) ^ (value >> 63))
    }

    static func unzigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}

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

/// Reads a `CodebookBlock`.
enum CodebookBlockDecoder {
    /// - Parameter sizeLimits: largest size of each codebook: none has more centres than its tensor has elements.
    /// - Returns: codebooks with ascending, distinct, finite centres.
    /// - Throws: `.corrupt`.
    static func read(
        sizeLimits: [Int], from reader: inout ByteReader
    ) throws(CodecError) -> [[Float]] {
        let sizes = try ByteStream.read(sizeLimits.count, from: &reader)
        for (size, limit) in zip(sizes, sizeLimits) where size > limit {
            throw reader.corrupt("a codebook of \(size) centres for \(limit) elements")
        }
        let shifts = try ByteStream.read(sizes.count { $0 > 0 }, from: &reader)
        let lengths = try ByteStream.read(sizes.reduce(0) { $0 + Int($1) }, from: &reader)
        guard shifts.allSatisfy({ $0 <= 31 }), lengths.allSatisfy({ $0 <= CodebookBlock.lengthLimit }) else {
            throw reader.corrupt("a codebook with numbers out of range")
        }
        let bitCount = lengths.reduce(0) { $0 + max(Int($1) - 1, 0) }
        var bits = BitReader(try reader.readBytes((bitCount + 7) / 8))
        var codebooks: [[Float]] = []
        var nextShift = shifts.makeIterator()
        var nextLength = lengths.makeIterator()
        var previousFirst: Int64 = 0
        for size in sizes {
            var codebook: [Float] = []
            let shift = size > 0 ? Int64(nextShift.next() ?? 0) : 0
            var previous: Int64?
            for _ in 0..<size {
                let number = try read(Int(nextLength.next() ?? 0), &bits)
                // Keys stay far below 2^63: each is checked against the 32-bit range before the next is made from it.
                let key = previous.map { $0 + 1 + Int64(number) } ?? previousFirst + CodebookKeys.unzigzag(number)
                guard key.magnitude < 1 << 32, let centre = CodebookKeys.value(key << shift) else {
                    throw reader.corrupt("a centre that is no finite number")
                }
                if previous == nil { previousFirst = key }
                previous = key
                codebook.append(centre)
            }
            codebooks.append(codebook)
        }
        try bits.expectEnd()
        return codebooks
    }

    private static func read(_ length: Int, _ bits: inout BitReader) throws(CodecError) -> UInt64 {
        guard length > 1 else { return UInt64(length) }
        return 1 << UInt64(length - 1) | UInt64(try bits.read(length - 1))
    }
}
