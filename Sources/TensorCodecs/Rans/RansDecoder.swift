/// Two rANS decoders in turns, which keeps the processor busy: element i belongs to state i & 1.
///
/// M = 2^14 is the sum of a table's frequencies, L = 2^15. Both states begin with the values in the stream, from L up to
/// 2^31 - 1. For each element in order, with x its state and its class's table: slot = x mod M; the symbol is the one
/// with start <= slot < start + frequency, start being the sum of the frequencies of the symbols before it;
/// x = frequency * (x div M) + slot - start; if that is below L, x = x * 2^16 + the next word. At the end both states
/// are L and no word is left.
enum RansDecoder {
    static let lowerBound: UInt32 = 1 << 15
    static let upperBound: UInt32 = 1 << 31

    /// What is decoded: a stream, the classes of its elements, room for their levels.
    struct Job<Level: FixedWidthInteger & SignedInteger> {
        var stream: RansStream
        var classes: UnsafeBufferPointer<UInt8>
        var output: UnsafeMutablePointer<Level>
    }

    /// Decodes a stream.
    /// - Throws: `.corrupt` if it does not end as it must.
    static func decode<Level>(_ job: Job<Level>) throws(CodecError) {
        guard let classes = job.classes.baseAddress else { return }
        let isWhole = withExtendedLifetime(job.stream) {
            var cursor = RansCursor(job.stream, classes, into: job.output)
            finish(&cursor, from: 0, job.classes.count)
            return cursor.isWhole(wordCount: job.stream.wordCount)
        }
        guard isWhole else { throw .corrupt("packed levels do not end as they must") }
    }

    /// Decodes two streams in one loop, which takes less time than one after the other: each element waits for the one
    /// two before it in its stream.
    /// - Throws: `.corrupt` if one does not end as it must.
    static func decode<Level>(_ first: Job<Level>, _ second: Job<Level>) throws(CodecError) {
        guard let firstClasses = first.classes.baseAddress, let secondClasses = second.classes.baseAddress else {
            try decode(first)
            return try decode(second)
        }
        let isWhole = withExtendedLifetime((first.stream, second.stream)) {
            var one = RansCursor(first.stream, firstClasses, into: first.output)
            var two = RansCursor(second.stream, secondClasses, into: second.output)
            let common = min(first.classes.count, second.classes.count) & ~1
            var i = 0
            while i < common {
                one.decodePair(i)
                two.decodePair(i)
                i &+= 2
            }
            finish(&one, from: i, first.classes.count)
            finish(&two, from: i, second.classes.count)
            return one.isWhole(wordCount: first.stream.wordCount) && two.isWhole(wordCount: second.stream.wordCount)
        }
        guard isWhole else { throw .corrupt("packed levels do not end as they must") }
    }

    /// Decodes the rest of a stream.
    /// - Parameter start: even.
    private static func finish<Level>(_ cursor: inout RansCursor<Level>, from start: Int, _ count: Int) {
        var local = cursor, i = start
        while i &+ 1 < count {
            local.decodePair(i)
            i &+= 2
        }
        if i < count { local.decodeLast(i) }
        cursor = local
    }
}
