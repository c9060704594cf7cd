/// Entropy coding of quantization levels whose distribution is known by class: static rANS beside zstd, which cannot
/// go below a bit a symbol.
///
/// A stream holds as many levels as there are classes; the decoder knows the classes. None take no bytes. Otherwise the
/// first byte is the mode:
///
/// | mode | follows |
/// |---|---|
/// | 0 zero | nothing: every level is 0 |
/// | 1 raw | width (u8, 1 to 31), then the zigzag form of each level in so many bits, padded with 0 to a byte |
/// | 2 coded | varint size of the tables, tables, low bits, escapes, two states (u32), words (u16) up to the end |
///
/// **Bits** are packed from the lowest of each byte, numbers with their lowest bit first, the last byte filled up with 0.
///
/// **Tables** (bits): `shifted` (1), width of limits (3), width of first roots (4); for every class that occurs, in
/// ascending order and but for the first, 1 where it begins a group and 0 where it belongs to the group of the one
/// before; then per group a `SymbolTable`.
///
/// **Low bits** (bits): where a group's table has shift s > 0, the s low bits of each of its levels, in order.
///
/// **Escapes**, if any table has an escape symbol: varint count of bytes; unless that is 0, a `ByteStream` of varints,
/// one for each escape in order: with h = level >> s and the table's limit m, 2 (h - m) - 2 where h > 0 and
/// 2 (-h - m) - 1 where h < 0.
///
/// **States and words**: `RansDecoder`.
package enum RansCoder {
    /// Classes are below this.
    package static let classLimit = 64
    /// Levels lie in -levelBound ..< levelBound.
    package static let levelBound: Int32 = 1 << 30

    enum Mode: UInt8 {
        case zero = 0, raw = 1, coded = 2
    }

    /// Packs levels.
    /// - Parameters:
    ///   - levels: in -2^30 ..< 2^30; small ones are what this is for.
    ///   - classes: one below 64 for each level, known to the decoder. Neighbouring classes should be alike: only they
    ///     share a table.
    ///   - segments: element counts that add up to the levels' (the tensors in the stream); they steer the shares and
    ///     change no byte.
    /// - Throws: `.invalidArgument`.
    package static func encode(
        _ levels: [Int32], classes: [UInt8], segments: [Int]
    ) throws(CodecError) -> Packed {
        try encode(levels, classes: classes, segments: segments, .thorough)
    }

    static func encode(
        _ levels: [Int32], classes: [UInt8], segments: [Int], _ effort: ContextMap.Effort
    ) throws(CodecError) -> Packed {
        try checkArguments(levels, classes: classes, segments: segments)
        return try levels.withUnsafeBufferPointer { levels throws(CodecError) in
            try classes.withUnsafeBufferPointer { classes throws(CodecError) in
                // All bits that zigzag forms have together: as long as the longest of them, found without comparing.
                let bits = levels.reduce(UInt32(0)) { $0 | UInt32(bitPattern: $1 &<< 1 ^ $1 &>> 31) }
                guard bits < 1 << 31 else { throw CodecError(.invalidArgument, "levels that are too large to pack") }
                let histograms = bits == 0 ? [] : LevelHistogram.count(levels, classes: classes)
                let encoder = bits == 0 ? nil : LevelEncoder(levels, classes: classes, histograms, effort)
                return try pack(levels, encoder, zigzagBits: bits, segments: segments) { $0.encode(levels, classes) }
            }
        }
    }

    /// Packs levels in the form that takes least.
    /// - Parameters:
    ///   - encoder: none where it cannot code them.
    ///   - zigzagBits: of all zigzag forms together.
    static func pack<Level>(
        _ levels: UnsafeBufferPointer<Level>, _ encoder: LevelEncoder<Level>?, zigzagBits: UInt32, segments: [Int],
        _ symbols: (RansEncoder) -> RansEncoder.Output
    ) throws(CodecError) -> Packed {
        guard !levels.isEmpty else { return Packed(bytes: [], shares: segments.map { _ in 0 }) }
        if zigzagBits == 0 { return Packed(bytes: [Mode.zero.rawValue], weights: segments.map(UInt64.init)) }
        let width = UInt32.bitWidth - zigzagBits.leadingZeroBitCount
        let coded = try encoder?.encode(symbols)
        if let coded, let encoder, coded.count <= 2 + (levels.count * width + 7) / 8 {
            let weights = segments.count == 1 ? [1] : encoder.codeLengths(segments)
            return Packed(bytes: coded, weights: weights)
        }
        return Packed(bytes: raw(levels, width: width), weights: segments.map(UInt64.init))
    }

    /// The levels that were packed.
    /// - Throws: `.corrupt` if the bytes are not what the encoder makes; `.invalidArgument` for classes above 63.
    package static func decode(_ bytes: [UInt8], classes: [UInt8]) throws(CodecError) -> [Int32] {
        var reader = ByteReader(bytes)
        guard !classes.isEmpty else {
            try reader.expectEnd()
            return []
        }
        let mode = try reader.readByte()
        switch Mode(rawValue: mode) {
        case .zero:
            try reader.expectEnd()
            return [Int32](repeating: 0, count: classes.count)
        case .raw:
            return try raw(from: &reader, count: classes.count)
        case .coded:
            return try LevelDecoder(classes).decode(&reader)
        case nil:
            throw CodecError.corrupt("unknown mode \(mode) of packed levels", offset: 0)
        }
    }

    /// The bits that ideal codes for each class take, tables not counted: what packing is measured against.
    package static func entropy(_ levels: [Int32], classes: [UInt8]) -> Double {
        var keys = zip(classes, levels).map { UInt64($0) << 32 | UInt64(UInt32(bitPattern: $1)) }
        keys.sort()
        // n log n of every class less that of every level in it, by exact logarithms: rare levels need them.
        func countLog(_ n: Int) -> UInt64 { UInt64(n) * FixedLog2.value(UInt64(n)) }
        var bits: UInt64 = 0
        var (classStart, levelStart) = (0, 0)
        for i in keys.indices where i + 1 == keys.count || keys[i + 1] != keys[i] {
            bits &-= countLog(i + 1 - levelStart)
            levelStart = i + 1
            if i + 1 == keys.count || keys[i + 1] >> 32 != keys[i] >> 32 {
                bits &+= countLog(i + 1 - classStart)
                classStart = i + 1
            }
        }
        return Double(bits) / Double(FixedLog2.one)
    }

    /// 0, -1, 1, -2, 2 ... as 0, 1, 2, 3, 4 ...
    static func zigzag(_ value: Int32) -> Int { value < 0 ? -2 * Int(value) - 1 : 2 * Int(value) }

    private static func checkArguments(
        _ levels: [Int32], classes: [UInt8], segments: [Int]
    ) throws(CodecError) {
        guard classes.count == levels.count else {
            throw CodecError(.invalidArgument, "\(levels.count) levels with \(classes.count) classes")
        }
        guard classes.withUnsafeBufferPointer({ $0.reduce(0, |) }) < classLimit else {
            throw CodecError(.invalidArgument, "a class of \(classLimit) or more")
        }
        var rest = levels.count
        for segment in segments {
            guard segment >= 0, segment <= rest else {
                throw CodecError(.invalidArgument, "segments that do not add up to \(levels.count) levels")
            }
            rest -= segment
        }
        guard rest == 0 else {
            throw CodecError(.invalidArgument, "segments that do not add up to \(levels.count) levels")
        }
    }

    private static func raw(_ levels: UnsafeBufferPointer<some FixedWidthInteger & SignedInteger>, width: Int)
        -> [UInt8]
    {
        var bits = BitWriter(capacity: (levels.count * width + 7) / 8)
        for level in levels { bits.append(UInt32(zigzag(Int32(truncatingIfNeeded: level))), bits: width) }
        return [Mode.raw.rawValue, UInt8(width)] + bits.finish()
    }

    private static func raw(from reader: inout ByteReader, count: Int) throws(CodecError) -> [Int32] {
        let width = Int(try reader.readByte())
        guard 1...31 ~= width, (count * width + 7) / 8 == reader.remaining else {
            throw reader.corrupt("\(reader.remaining) bytes do not hold \(count) levels of \(width) bits")
        }
        var bits = BitReader(try reader.readBytes(reader.remaining))
        var levels: [Int32] = []
        levels.reserveCapacity(count)
        for _ in 0..<count {
            let value = try bits.read(width)
            levels.append(Int32(bitPattern: value >> 1) ^ -Int32(bitPattern: value & 1))
        }
        try bits.expectEnd()
        return levels
    }

    /// Levels as bytes, and which segment they serve.
    package struct Packed: Sendable {
        package var bytes: [UInt8]
        /// Bytes per segment; they add up to the bytes there are.
        package var shares: [Int]

        init(bytes: [UInt8], shares: [Int]) {
            self.bytes = bytes
            self.shares = shares
        }

        init(bytes: [UInt8], weights: [UInt64]) {
            self.init(bytes: bytes, shares: ByteShares.split(bytes.count, by: weights))
        }
    }
}
