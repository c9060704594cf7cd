/// Two sums over the stripes of a part, from which a damaged stretch of it is found and mended.
///
/// The part is cut into stripes of `width` words of two bytes, the last one continued with zeros. Word `i` of the first sum is
/// the exclusive or of word `i` of all stripes; in the second one, stripe `j`'s is multiplied by the `j`-th power of the
/// width's generator, in `Field65536`. One word that is changed by `d` changes the sums by `d` and by `d` times the power:
/// their quotient tells the stripe.
///
/// A part's size, and so the width, is known at its end. The sums begin with the largest width and are folded then: two
/// halves of a stripe become two stripes, numbered `2 j` and `2 j + 1`, if the generator becomes its own square root.
struct ParitySums {
    /// In words; memory for two of them.
    static let widest = 1 << 21
    private static let narrowest = 8
    /// More stripes cannot be told apart.
    static let mostBytes = UInt64(Field65536.order) * UInt64(widest) * 2

    private(set) var plain: [UInt16] = []
    private(set) var weighted: [UInt16] = []
    private var wordCount: UInt64 = 0
    /// The first half of a word whose second half has not come.
    private var half: UInt8?

    /// Words of a stripe for a part of some bytes: a 256th to a 512th up to stripes of 4 KiB, so that a lost sector is mended
    /// in all but small parts, and a 512th to a 1024th in larger ones.
    static func width(byteCount: UInt64) -> Int {
        func power(_ value: UInt64) -> UInt64 { value == 0 ? 0 : 1 << UInt64(63 - value.leadingZeroBitCount) }
        let bytes = max(power(byteCount / 512), min(power(byteCount / 256), 4096))
        return min(max(Int(clamping: bytes / 2), narrowest), widest)
    }

    static func isWidth(_ words: Int) -> Bool { (narrowest...widest).contains(words) && words & (words - 1) == 0 }

    /// The generator whose powers are the weights.
    static func generator(width: Int) -> UInt16 {
        var (generator, current) = (Field65536.x, widest)
        while current > width { (generator, current) = (Field65536.squareRoot(generator), current / 2) }
        return generator
    }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        if let first = half {
            guard let second = rest.popFirst() else { return }
            half = nil
            let word = [first, second]
            word.withUnsafeBytes { addWords($0) }
        }
        let even = rest.count & ~1
        if rest.count > even { half = rest.last }
        addWords(UnsafeRawBufferPointer(rebasing: rest.prefix(even)))
    }

    private mutating func addWords(_ bytes: UnsafeRawBufferPointer) {
        var done = 0
        while done < bytes.count {
            let start = Int(wordCount % UInt64(Self.widest))
            let count = min((bytes.count - done) / 2, Self.widest - start)
            let piece = UnsafeRawBufferPointer(rebasing: bytes[done..<done + 2 * count])
            if wordCount < UInt64(Self.widest) {
                plain.reserveCapacity(start + count)
                for index in 0..<count { plain.append(Self.word(piece, index)) }
                weighted += plain[start...]
            } else {
                fold(piece, at: start, count: count)
            }
            wordCount += UInt64(count)
            done += 2 * count
        }
    }

    /// Horner's rule with the reciprocal of x, because dividing by x is a shift.
    private mutating func fold(_ piece: UnsafeRawBufferPointer, at start: Int, count: Int) {
        plain.withUnsafeMutableBufferPointer { plain in
            weighted.withUnsafeMutableBufferPointer { weighted in
                for index in 0..<count {
                    let word = Self.word(piece, index)
                    plain[start + index] ^= word
                    weighted[start + index] = Field65536.dividedByX(weighted[start + index]) ^ word
                }
            }
        }
    }

    @inline(__always) private static func word(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> UInt16 {
        UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
    }

    /// Brings the sums to stripes of `width` words. Nothing may be added after that.
    mutating func finish(width: Int) {
        if let last = half { [last, 0].withUnsafeBytes { addWords($0) } }
        half = nil
        let widest = UInt64(Self.widest)
        let stripes = (wordCount + widest - 1) / widest, tail = Int(wordCount % widest)
        if stripes > 1, tail > 0 {
            for index in tail..<weighted.count { weighted[index] = Field65536.dividedByX(weighted[index]) }
        }
        var (generator, current) = (Field65536.x, Self.widest)
        while current > width {
            current /= 2
            generator = Field65536.squareRoot(generator)
            guard plain.count > current else { continue }
            let times = Field65536.Multiplier(generator)
            for index in current..<plain.count {
                plain[index - current] ^= plain[index]
                weighted[index - current] ^= times(weighted[index])
            }
            plain.removeLast(plain.count - current)
            weighted.removeLast(weighted.count - current)
        }
        if stripes > 1 {
            // Of the widest stripes' weights, whatever became of them.
            let times = Field65536.Multiplier(Field65536.power(Field65536.x, Int(stripes - 1)))
            for index in weighted.indices { weighted[index] = times(weighted[index]) }
        }
        plain += [UInt16](repeating: 0, count: width - plain.count)
        weighted += [UInt16](repeating: 0, count: width - weighted.count)
    }
}
