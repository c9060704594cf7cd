/// Exponents as small numbers for an entropy coder.
///
/// First two shifts, one per side: what all its exponents have in common against the step before. Then one symbol for
/// every row, then for every column, each against a prediction:
/// - with a step before, the exponent there plus the shift, or absent as there;
/// - without, the neighbour before in its side (before the first: present, and its value is the shift).
///
/// 0 says: as the prediction. If the prediction is present, 1 says absent, and a difference d that is not 0 is
/// zigzag(d) + 1. If it is absent, a symbol s > 0 is a present exponent, and zigzag(d) = s - 1 its difference to the
/// last present exponent of the side (none yet: the shift). zigzag: 0, -1, 1, -2 ... are 0, 1, 2, 3 ...
extension RankOneExponents {
    /// How many numbers `encode` makes.
    package static func symbolCount(rows: Int, columns: Int) -> Int { 2 + rows + columns }

    /// - Parameter previous: exponents of the step before; of other dimensions, they count as none.
    /// - Returns: `symbolCount` numbers, none negative, most of them 0 to 4.
    package func encode(previous: RankOneExponents?) -> [Int32] {
        let previous = previous.flatMap { $0.isAsLarge(as: rows.count, columns.count) ? $0 : nil }
        let shifts = [
            Self.shift(rows, previous: previous?.rows), Self.shift(columns, previous: previous?.columns),
        ]
        return shifts.map { Self.zigzag($0) }
            + Self.symbols(rows, previous: previous?.rows, shift: shifts[0])
            + Self.symbols(columns, previous: previous?.columns, shift: shifts[1])
    }

    /// Reverses `encode`.
    /// - Throws: `.corrupt` unless there are `symbolCount` symbols and every exponent lies in `range`.
    package static func decode(
        _ symbols: [Int32], rows: Int, columns: Int, previous: RankOneExponents?
    ) throws(CodecError) -> RankOneExponents {
        guard rows >= 0, columns >= 0, symbols.count >= 2, symbols.count - 2 >= rows,
            symbols.count - 2 - rows == columns
        else { throw .corrupt("\(symbols.count) symbols for \(rows) rows and \(columns) columns") }
        let previous = previous.flatMap { $0.isAsLarge(as: rows, columns) ? $0 : nil }
        let row = try side(
            symbols[2..<2 + rows], previous: previous?.rows, shift: symbols[0])
        let column = try side(
            symbols[(2 + rows)...], previous: previous?.columns, shift: symbols[1])
        return RankOneExponents(rows: row, columns: column)
    }

    private func isAsLarge(as rowCount: Int, _ columnCount: Int) -> Bool {
        rows.count == rowCount && columns.count == columnCount
    }

    /// With a step before, the commonest difference; without, the first exponent.
    private static func shift(_ exponents: [Int32], previous: [Int32]?) -> Int {
        guard let previous else { return Int(exponents.first { $0 != absent } ?? 0) }
        var counts: [Int: Int] = [:]
        for (now, before) in zip(exponents, previous) where now != absent && before != absent {
            counts[Int(now) - Int(before), default: 0] += 1
        }
        return counts.max { ($0.value, -abs($0.key), $0.key) < ($1.value, -abs($1.key), $1.key) }?.key ?? 0
    }

    private static func symbols(_ exponents: [Int32], previous: [Int32]?, shift: Int) -> [Int32] {
        var predictor = ExponentPredictor(previous: previous, shift: shift)
        return exponents.enumerated().map { i, exponent in
            let (isPresent, value) = predictor.at(i)
            defer { predictor.note(exponent) }
            if exponent == absent { return isPresent ? 1 : 0 }
            let code = zigzag(Int(exponent) - value)
            return isPresent && code == 0 ? 0 : code + 1
        }
    }

    private static func side(
        _ symbols: ArraySlice<Int32>, previous: [Int32]?, shift: Int32
    ) throws(CodecError) -> [Int32] {
        guard shift >= 0, (-4000...4000).contains(unzigzag(shift)) else {
            throw .corrupt("the shift symbol \(shift) is out of range")
        }
        var predictor = ExponentPredictor(previous: previous, shift: unzigzag(shift))
        var exponents: [Int32] = []
        exponents.reserveCapacity(symbols.count)
        for symbol in symbols {
            guard symbol >= 0 else { throw .corrupt("the exponent symbol \(symbol) is negative") }
            let (isPresent, value) = predictor.at(exponents.count)
            let exponent: Int32
            if symbol == (isPresent ? 1 : 0) {
                exponent = absent
            } else {
                // 32-bit inputs in 64-bit sums.
                let sum = value + (symbol == 0 ? 0 : unzigzag(symbol - 1))
                guard let stored = Int32(exactly: sum), range.contains(stored) else {
                    throw .corrupt("the exponent \(sum) is out of range")
                }
                exponent = stored
            }
            predictor.note(exponent)
            exponents.append(exponent)
        }
        return exponents
    }

    private static func zigzag(_ value: Int) -> Int32 { Int32(value < 0 ? -2 * value - 1 : 2 * value) }

    private static func unzigzag(_ symbol: Int32) -> Int { Int(symbol >> 1) ^ -Int(symbol & 1) }
}

/// What an exponent is coded against: the step before or, without one, the neighbour before.
struct ExponentPredictor {
    private let previous: [Int32]?
    private let shift: Int
    /// The neighbour before.
    private var isLastPresent = true
    /// The last present exponent.
    private var last: Int

    init(previous: [Int32]?, shift: Int) {
        self.previous = previous
        self.shift = shift
        last = shift
    }

    /// Whether the prediction of the exponent at `index` is present, and the value differences are against.
    func at(_ index: Int) -> (isPresent: Bool, value: Int) {
        guard let previous else { return (isLastPresent, last) }
        return previous[index] == RankOneExponents.absent ? (false, last) : (true, Int(previous[index]) + shift)
    }

    /// The exponent at the next index is known.
    mutating func note(_ exponent: Int32) {
        isLastPresent = exponent != RankOneExponents.absent
        if isLastPresent { last = Int(exponent) }
    }
}

/// Classes of exponent symbols: rows, columns, and the two shifts before them; differences in time apart from those
/// between neighbours.
enum ExponentClasses {
    static func classes(_ form: MatrixForm, isDifference: Bool) -> [UInt8] {
        let first: UInt8 = isDifference ? 3 : 0
        return [first, first] + [UInt8](repeating: first + 1, count: form.rows)
            + [UInt8](repeating: first + 2, count: form.columns)
    }
}
