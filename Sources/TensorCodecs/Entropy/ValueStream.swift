/// A stream of small values below a known bound: one per byte, or two per byte where that codes better (Huffman codes
/// have whole bits). Layout: packing (u8: 1 single, 2 pairs), then a `ByteStream`; a stream of none takes no space.
/// A pair is first * bound + second; the last one is filled up with 0.
struct ValueStream {
    private enum Packing: UInt8 {
        case single = 1, pairs = 2
    }

    /// The values as they will be written.
    private let packed: [UInt8]
    private let packing: Packing
    /// Expected size in 1/65536 bits.
    let estimate: UInt64

    /// - Parameters:
    ///   - values: each below `bound`.
    ///   - bound: 1 to 256.
    ///   - histogram: of the values, where it is known.
    init(_ values: [UInt8], bound: Int, histogram: SymbolHistogram? = nil) {
        let single = (histogram ?? values.withUnsafeBufferPointer { SymbolHistogram($0) }).huffmanEstimate
        guard bound <= 16, values.count >= 256 else {
            (packed, packing, estimate) = (values, .single, single)
            return
        }
        let paired = Self.paired(values, bound: bound)
        let pairs = paired.withUnsafeBufferPointer { SymbolHistogram($0).huffmanEstimate }
        (packed, packing, estimate) = pairs < single ? (paired, .pairs, pairs) : (values, .single, single)
    }

    func write(to writer: inout ByteWriter) throws(CodecError) {
        guard !packed.isEmpty else { return }
        writer.append(packing.rawValue)
        try ByteStream.write(packed, to: &writer)
    }

    private static func paired(_ values: [UInt8], bound: Int) -> [UInt8] {
        let factor = UInt8(bound)
        return [UInt8](unsafeUninitializedCapacity: (values.count + 1) / 2) { output, filled in
            values.withUnsafeBufferPointer { values in
                for i in 0..<values.count / 2 { output[i] = values[2 &* i] &* factor &+ values[2 &* i &+ 1] }
            }
            if values.count % 2 == 1 { output[values.count / 2] = values[values.count - 1] &* factor }
            filled = (values.count + 1) / 2
        }
    }

    /// - Parameters:
    ///   - count: values the stream holds; the caller has bounded it.
    ///   - bound: every value is checked to lie below it.
    static func read(_ count: Int, bound: Int, from reader: inout ByteReader) throws(CodecError) -> [UInt8] {
        guard count > 0 else { return [] }
        let code = try reader.readByte()
        switch Packing(rawValue: code) {
        case .single:
            let values = try ByteStream.read(count, from: &reader)
            guard Int(values.max() ?? 0) < bound else { throw reader.corrupt("a value of \(bound) or more") }
            return values
        case .pairs where bound <= 16:
            let pairs = try ByteStream.read((count + 1) / 2, from: &reader)
            guard Int(pairs.max() ?? 0) < bound * bound else {
                throw reader.corrupt("a pair with a value of \(bound) or more")
            }
            guard count % 2 == 0 || Int(pairs[pairs.count - 1]) % bound == 0 else {
                throw reader.corrupt("padding that is not 0")
            }
            return split(pairs, count: count, bound: bound)
        default:
            throw reader.corrupt("unknown packing \(code) of a value stream")
        }
    }

    private static func split(_ pairs: [UInt8], count: Int, bound: Int) -> [UInt8] {
        let table = (0..<256).map { (high: UInt8($0 / bound), low: UInt8($0 % bound)) }
        return [UInt8](unsafeUninitializedCapacity: count) { output, filled in
            for i in 0..<count / 2 { (output[2 * i], output[2 * i + 1]) = table[Int(pairs[i])] }
            if count % 2 == 1 { output[count - 1] = table[Int(pairs[pairs.count - 1])].high }
            filled = count
        }
    }
}
