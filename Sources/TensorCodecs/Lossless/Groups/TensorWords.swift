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
