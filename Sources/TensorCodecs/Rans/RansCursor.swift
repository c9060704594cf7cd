/// Where a decoder of a stream is. All is taken from pointers: several cursors can go forward in one loop, so that the
/// processor does not have to wait for one of them.
struct RansCursor<Level: FixedWidthInteger & SignedInteger> {
    private var even: UInt32
    private var odd: UInt32
    private var position = 0
    private let tables: UnsafeRawPointer
    private let words: UnsafeRawPointer
    private let classes: UnsafePointer<UInt8>
    private let output: UnsafeMutablePointer<Level>

    /// - Parameters:
    ///   - stream: kept as long as the cursor is used.
    ///   - classes: one for each element, below `RansCoder.classLimit`.
    ///   - output: takes a level for each element, without its low bits.
    init(_ stream: RansStream, _ classes: UnsafePointer<UInt8>, into output: UnsafeMutablePointer<Level>) {
        (even, odd) = stream.states
        (tables, words) = (UnsafeRawPointer(stream.tables), UnsafeRawPointer(stream.words))
        (self.classes, self.output) = (classes, output)
    }

    /// Decodes elements i, which is even, and i + 1.
    @inline(__always)
    mutating func decodePair(_ i: Int) {
        // Each takes one word at most: both are read before it is known how many are taken.
        var window = nextWords, taken = 0
        even = decode(i, even, &window, &taken)
        odd = decode(i &+ 1, odd, &window, &taken)
        position &+= taken
    }

    /// Decodes the last element of an odd number.
    @inline(__always)
    mutating func decodeLast(_ i: Int) {
        var window = nextWords, taken = 0
        even = decode(i, even, &window, &taken)
        position &+= taken
    }

    /// The next word in the low half, the one after it in the high one.
    @inline(__always)
    private var nextWords: UInt32 {
        UInt32(littleEndian: words.loadUnaligned(fromByteOffset: 2 &* position, as: UInt32.self))
    }

    /// Decodes element i.
    /// - Returns: the next state.
    @inline(__always)
    private func decode(_ i: Int, _ state: UInt32, _ window: inout UInt32, _ taken: inout Int) -> UInt32 {
        let slot = state & UInt32(SymbolTable.total - 1)
        let offset = tables.load(fromByteOffset: RansStream.offsets &+ Int(classes[i]) &* 4, as: UInt32.self)
        let bucket = Int(offset &+ slot &>> RansStream.bucketBits)
        var symbol = tables + Int(tables.load(fromByteOffset: RansStream.buckets &+ bucket &* 2, as: UInt16.self)) &* 8
        var frequency = UInt32(symbol.load(as: UInt16.self))
        var distance = slot &- UInt32(symbol.load(fromByteOffset: 2, as: UInt16.self))
        while distance >= frequency {
            symbol += 8
            frequency = UInt32(symbol.load(as: UInt16.self))
            distance = slot &- UInt32(symbol.load(fromByteOffset: 2, as: UInt16.self))
        }
        output[i] = Level(truncatingIfNeeded: symbol.load(fromByteOffset: 4, as: Int32.self))
        let next = frequency &* (state &>> UInt32(SymbolTable.totalBits)) &+ distance
        let isLow = next < RansDecoder.lowerBound
        let state = isLow ? next &<< 16 | window & 0xffff : next
        window = isLow ? window &>> 16 : window
        taken &+= isLow ? 1 : 0
        return state
    }

    /// Whether the states end as they must, with all words used.
    func isWhole(wordCount: Int) -> Bool {
        even == RansDecoder.lowerBound && odd == RansDecoder.lowerBound && position == wordCount
    }
}
