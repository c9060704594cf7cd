/// A group's symbols and their frequencies.
///
/// Symbols in order: h = level >> shift is 0, +1, -1, +2, -2 ... +limit, -limit, then escape. A symbol's frequency is
/// given by its root, an integer of about the square root of its count: steps of equal size there cost equally many
/// bits whatever the count. With S the sum of all squared roots and M = 2^14: frequency 0 where the root is 0, otherwise
/// max(1, root * root * M / S) rounded down; the first of the symbols with the largest root then takes what makes the
/// sum M. That one must end up with 1 at least.
///
/// Fields (bits): shift (5, only if the stream is `shifted`; at most 16), limit (as wide as the stream says, 0 to 127),
/// root of symbol 0 (as wide as the stream says), rice r (3), and if limit > 0 first (3) and decay (3); then the escape's
/// root by `rice`; then for k in 1...limit the roots of +k and -k, each as its difference from a prediction, in zigzag
/// form by `rice`. Predictions: for +1 the root of 0 >> first; for -k the root of +k; for +k beyond 1
/// ((root of +(k - 1) + root of -(k - 1)) * (decay + 1)) >> 4. Roots are at most 1023.
///
/// `rice` of v: q = v >> r; below 12 q ones, a zero and the r low bits of v; otherwise 12 ones and v in 11 bits.
struct SymbolTable {
    static let totalBits = 14
    static let total = 1 << totalBits
    static let limitBound = 127
    static let shiftLimit = 16
    static let rootLimit = 1023
    private static let longQuotient = 12
    private static let longBits = 11

    var shift: Int
    var limit: Int
    /// One per symbol.
    var roots: [Int]
    var first = 0
    var decay = 0
    var rice = 0

    var escape: Int { 2 * limit + 1 }
    var hasEscapes: Bool { roots[escape] > 0 }

    /// h of a symbol that is no escape.
    static func value(_ symbol: Int) -> Int { symbol & 1 == 1 ? (symbol + 1) / 2 : -(symbol / 2) }

    /// One per symbol; they add up to `total`. None where the rule of the type fails.
    var frequencies: [Int]? {
        let sum = roots.reduce(0) { $0 + $1 * $1 }
        guard sum > 0 else { return nil }
        var result = roots.map { $0 == 0 ? 0 : max(1, $0 * $0 * Self.total / sum) }
        var largest = 0
        for symbol in roots.indices where roots[symbol] > roots[largest] { largest = symbol }
        result[largest] += Self.total - result.reduce(0, +)
        return result[largest] > 0 ? result : nil
    }

    private func prediction(_ symbol: Int) -> Int {
        if symbol == 1 { return roots[0] >> first }
        if symbol & 1 == 0 { return roots[symbol - 1] }
        return ((roots[symbol - 2] + roots[symbol - 1]) * (decay + 1)) >> 4
    }

    /// What `rice` codes: the escape's root, then the differences.
    var residuals: [Int] {
        var result = [roots[escape]]
        for symbol in 1..<max(escape, 1) {
            let difference = roots[symbol] - prediction(symbol)
            result.append(difference < 0 ? -2 * difference - 1 : 2 * difference)
        }
        return result
    }

    /// Bits of `residuals` at some `rice`.
    static func bits(_ residuals: [Int], rice: Int) -> Int {
        residuals.reduce(0) { sum, value in
            let quotient = value >> rice
            return sum + (quotient < longQuotient ? quotient + 1 + rice : longQuotient + longBits)
        }
    }

    /// Bits of the fields of fixed width, taking usual widths for those the stream sets.
    var fixedBits: Int { (shift > 0 ? 5 : 0) + 13 + (limit > 0 ? 6 : 0) }

    func write(to writer: inout BitWriter, _ layout: SymbolTableLayout) {
        if layout.isShifted { writer.append(UInt32(shift), bits: 5) }
        writer.append(UInt32(limit), bits: layout.limitBits)
        writer.append(UInt32(roots[0]), bits: layout.rootBits)
        writer.append(UInt32(rice), bits: 3)
        if limit > 0 {
            writer.append(UInt32(first), bits: 3)
            writer.append(UInt32(decay), bits: 3)
        }
        for value in residuals {
            let quotient = value >> rice
            if quotient < Self.longQuotient {
                writer.append((1 << UInt32(quotient)) - 1, bits: quotient + 1)
                writer.append(UInt32(value) & ((1 << UInt32(rice)) - 1), bits: rice)
            } else {
                writer.append((1 << UInt32(Self.longQuotient)) - 1, bits: Self.longQuotient)
                writer.append(UInt32(value), bits: Self.longBits)
            }
        }
    }

    /// - Throws: `.corrupt`.
    static func read(from reader: inout BitReader, _ layout: SymbolTableLayout) throws(CodecError) -> SymbolTable {
        let shift = layout.isShifted ? Int(try reader.read(5)) : 0
        guard shift <= shiftLimit else { throw .corrupt("\(shift) low bits in packed levels") }
        let limit = Int(try reader.read(layout.limitBits))
        var table = SymbolTable(shift: shift, limit: limit, roots: [Int](repeating: 0, count: 2 * limit + 2))
        table.roots[0] = Int(try reader.read(layout.rootBits))
        table.rice = Int(try reader.read(3))
        if limit > 0 {
            table.first = Int(try reader.read(3))
            table.decay = Int(try reader.read(3))
        }
        table.roots[table.escape] = try readRice(from: &reader, table.rice)
        for symbol in 1..<table.escape {
            let value = try readRice(from: &reader, table.rice)
            table.roots[symbol] = table.prediction(symbol) + (value & 1 == 1 ? -(value + 1) / 2 : value / 2)
            guard 0...rootLimit ~= table.roots[symbol] else { throw .corrupt("a root out of range in packed levels") }
        }
        guard table.roots[0] <= rootLimit, table.roots[table.escape] <= rootLimit else {
            throw .corrupt("a root out of range in packed levels")
        }
        return table
    }

    private static func readRice(from reader: inout BitReader, _ rice: Int) throws(CodecError) -> Int {
        var quotient = 0
        while quotient < longQuotient, try reader.read(1) == 1 { quotient += 1 }
        guard quotient < longQuotient else { return Int(try reader.read(longBits)) }
        return quotient << rice | Int(try reader.read(rice))
    }
}

/// What all symbol tables of a stream have in common: how wide their fields are.
struct SymbolTableLayout {
    let isShifted: Bool
    /// 0 to 7.
    let limitBits: Int
    /// 0 to 10.
    let rootBits: Int

    init(_ tables: [SymbolTable]) {
        isShifted = tables.contains { $0.shift > 0 }
        limitBits = Self.width(tables.map(\.limit).max() ?? 0)
        rootBits = Self.width(tables.map { $0.roots[0] }.max() ?? 0)
    }

    /// - Throws: `.corrupt`.
    init(from reader: inout BitReader) throws(CodecError) {
        isShifted = try reader.read(1) == 1
        limitBits = Int(try reader.read(3))
        rootBits = Int(try reader.read(4))
        guard rootBits <= 10 else { throw .corrupt("roots of \(rootBits) bits in packed levels") }
    }

    func write(to writer: inout BitWriter) {
        writer.append(isShifted ? 1 : 0, bits: 1)
        writer.append(UInt32(limitBits), bits: 3)
        writer.append(UInt32(rootBits), bits: 4)
    }

    private static func width(_ value: Int) -> Int { Int.bitWidth - value.leadingZeroBitCount }
}
