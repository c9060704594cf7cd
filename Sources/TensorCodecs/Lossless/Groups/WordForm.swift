/// Float tensors as float32 bit patterns, which the residual coder works on.
///
/// bf16 and f16 values are float32 values. Of f64 the word is the value with its mantissa cut to 23 bits, where the
/// exponent allows; the 29 bits below are coded apart.
enum WordForm {
    /// Bits of a float64's mantissa that its word lacks.
    static let lowBits = 29
    static let lowMask: UInt32 = (1 << 29) - 1

    /// What stands for a float64 that float32 has no exponent for; tensors that hold one have no word form.
    static let outside: UInt32 = 0x7fc0_0000

    /// Converts the elements `range` of `bytes`. Output has room for them.
    static func words(
        _ bytes: UnsafeRawBufferPointer, _ format: FloatFormat, _ range: Range<Int>,
        to output: UnsafeMutablePointer<UInt32>
    ) {
        let start = range.lowerBound
        switch format {
        case .f32:
            let part = UnsafeRawBufferPointer(rebasing: bytes[start * 4..<range.upperBound * 4])
            UnsafeMutableRawBufferPointer(start: output, count: part.count).copyMemory(from: part)
        case .bf16:
            for i in 0..<range.count {
                output[i] = UInt32(bytes.loadUnaligned(fromByteOffset: (start &+ i) &* 2, as: UInt16.self)) &<< 16
            }
        case .f16:
            for i in 0..<range.count {
                let half = bytes.loadUnaligned(fromByteOffset: (start &+ i) &* 2, as: UInt16.self)
                output[i] = HalfPrecision.float(float16: half).bitPattern
            }
        case .f64:
            for i in 0..<range.count {
                output[i] = word(bytes.loadUnaligned(fromByteOffset: (start &+ i) &* 8, as: UInt64.self))
            }
        }
    }

    /// The word of a float64.
    @inline(__always)
    static func word(_ bits: UInt64) -> UInt32 {
        let sign = UInt32(truncatingIfNeeded: bits &>> 32) & 0x8000_0000
        let exponent = Int(truncatingIfNeeded: (bits &>> 52) & 0x7ff) &- 1023
        if -126...127 ~= exponent {
            return sign | UInt32(truncatingIfNeeded: exponent &+ 127) &<< 23
                | UInt32(truncatingIfNeeded: bits &>> UInt64(lowBits)) & 0x7f_ffff
        }
        return bits & 0x7fff_ffff_ffff_ffff == 0 ? sign : outside
    }

    /// Converts words back. `lows` holds the bits below the words of float64.
    static func bytes(
        _ words: UnsafePointer<UInt32>, _ format: FloatFormat, lows: [UInt32], _ range: Range<Int>,
        to output: UnsafeMutableRawBufferPointer
    ) {
        let start = range.lowerBound
        switch format {
        case .f32:
            let part = UnsafeMutableRawBufferPointer(rebasing: output[start * 4..<range.upperBound * 4])
            part.copyMemory(from: UnsafeRawBufferPointer(start: words, count: part.count))
        case .bf16:
            for i in 0..<range.count {
                let half = UInt16(truncatingIfNeeded: words[i] &>> 16)
                output.storeBytes(of: half, toByteOffset: (start &+ i) &* 2, as: UInt16.self)
            }
        case .f16:
            for i in 0..<range.count {
                output.storeBytes(of: half(words[i]), toByteOffset: (start &+ i) &* 2, as: UInt16.self)
            }
        case .f64:
            for i in 0..<range.count {
                let value = double(words[i], low: lows[start &+ i])
                output.storeBytes(of: value, toByteOffset: (start &+ i) &* 8, as: UInt64.self)
            }
        }
    }

    /// The f16 of a word that was made from one, payload of a NaN included.
    @inline(__always)
    private static func half(_ word: UInt32) -> UInt16 {
        guard word & 0x7f80_0000 == 0x7f80_0000 else { return HalfPrecision.float16(Float(bitPattern: word)) }
        return UInt16(truncatingIfNeeded: (word &>> 16) & 0x8000 | 0x7c00 | (word &>> 13) & 0x3ff)
    }

    /// The float64 of a word and the bits below it.
    @inline(__always)
    static func double(_ word: UInt32, low: UInt32) -> UInt64 {
        let sign = UInt64(word & 0x8000_0000) &<< 32
        let field = UInt64((word &>> 23) & 0xff)
        guard field > 0 else { return sign }
        return sign | (field &+ 896) &<< 52 | UInt64(word & 0x7f_ffff) &<< UInt64(lowBits)
            | UInt64(low) & ((1 &<< UInt64(lowBits)) &- 1)
    }
}

/// The words of a tensor, converted where they are looked at: fits go over tensors piece by piece, so that nothing of a
/// tensor's size has to be kept.
struct TensorWords {
    /// Elements of a piece.
    static let piece = 1 << 10

    private let bytes: UnsafeRawBufferPointer
    private let format: FloatFormat
    let count: Int
    /// Where words can be read in place.
    private let words: UnsafePointer<UInt32>?

    /// - Parameter bytes: valid as long as this is used.
    init(_ bytes: UnsafeRawBufferPointer, _ format: FloatFormat) {
        self.bytes = bytes
        self.format = format
        count = bytes.count / format.elementSize
        let isInPlace = format == .f32 && UInt(bitPattern: bytes.baseAddress) % 4 == 0
        words = isInPlace ? bytes.baseAddress?.assumingMemoryBound(to: UInt32.self) : nil
    }

    /// Runs `body` with the words of a tensor, or with none where there is no tensor.
    static func with<Result>(_ bytes: [UInt8]?, _ format: FloatFormat, _ body: (TensorWords?) -> Result) -> Result {
        guard let bytes else { return body(nil) }
        return bytes.withUnsafeBytes { body(TensorWords($0, format)) }
    }

    @inline(__always)
    subscript(i: Int) -> UInt32 {
        if let words { return words[i] }
        var word: UInt32 = 0
        WordForm.words(bytes, format, i..<i + 1, to: &word)
        return word
    }

    /// The words of a run of elements: where they are, or in `scratch`, which has room for them.
    @inline(__always)
    func run(_ range: Range<Int>, _ scratch: UnsafeMutablePointer<UInt32>) -> UnsafeBufferPointer<UInt32> {
        if let words { return UnsafeBufferPointer(start: words + range.lowerBound, count: range.count) }
        WordForm.words(bytes, format, range, to: scratch)
        return UnsafeBufferPointer(start: scratch, count: range.count)
    }

    /// Some of the elements.
    func part(_ range: Range<Int>) -> TensorWords {
        let size = format.elementSize
        return TensorWords(
            UnsafeRawBufferPointer(rebasing: bytes[range.lowerBound * size..<range.upperBound * size]), format)
    }

    /// Goes over all words in pieces, as long as `body` says.
    func forEachPiece(_ body: (Range<Int>, UnsafeBufferPointer<UInt32>) -> Bool) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.piece) { scratch in
            guard let scratch = scratch.baseAddress else { return }
            for start in stride(from: 0, to: count, by: Self.piece) {
                let range = start..<min(start + Self.piece, count)
                guard body(range, run(range, scratch)) else { return }
            }
        }
    }
}
