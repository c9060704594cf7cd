/// Runs `RansDecoder` backwards, from its end: the states begin with the bound where those of the decoder end.
struct RansEncoder {
    static let rowBits = 8

    struct Output {
        var even: UInt32
        var odd: UInt32
        var words: ArraySlice<UInt16>
    }

    /// A row of symbols for each group.
    private let symbols: [RansSymbol]
    private let groups: ContextMap

    /// - Parameter frequencies: of each group.
    init(_ groups: ContextMap, _ frequencies: [[Int]]) {
        self.groups = groups
        symbols = frequencies.flatMap { row in
            let starts = row.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
            return (0..<1 << Self.rowBits).map { symbol in
                guard symbol < row.count, row[symbol] > 0 else { return RansSymbol.none }
                return RansSymbol(frequency: row[symbol], start: starts[symbol])
            }
        }
    }

    /// The symbol of a level without its low bits: 0, 1, -1, 2, -2 ... limit, -limit, escape.
    @inline(__always)
    static func symbol(_ value: Int32, limit: Int32) -> Int {
        let magnitude = Int(value.magnitude)
        return magnitude > Int(limit) ? 2 &* Int(limit) &+ 1 : 2 &* magnitude &- (value > 0 ? 1 : 0)
    }

    func encode(_ levels: UnsafeBufferPointer<Int32>, _ classes: UnsafeBufferPointer<UInt8>) -> Output {
        let tables = groups.groups.map { group in
            let table = groups.tables[Int(group)]
            return (shift: Int32(table.shift), limit: Int32(table.limit), row: Int(group) << Self.rowBits)
        }
        return tables.withUnsafeBufferPointer { tables in
            symbols.withUnsafeBufferPointer { symbols in
                Self.encode(levels.count) { i in
                    let table = tables[Int(classes[i])]
                    return symbols[table.row &+ Self.symbol(levels[i] &>> table.shift, limit: table.limit)]
                }
            }
        }
    }

    /// Levels of a byte have a table of their symbols by class and level, so that nothing is worked out for each.
    func encode(_ levels: UnsafeBufferPointer<Int8>, _ classes: UnsafeBufferPointer<UInt8>, largestClass: Int) -> Output
    {
        var rows: [RansSymbol] = []
        rows.reserveCapacity((largestClass + 1) << 8)
        for value in 0...largestClass {
            let group = Int(groups.groups[value]), table = groups.tables[group]
            for byte in 0..<256 {
                let level = Int32(Int8(truncatingIfNeeded: byte)) >> Int32(table.shift)
                rows.append(symbols[group << Self.rowBits + Self.symbol(level, limit: Int32(table.limit))])
            }
        }
        return rows.withUnsafeBufferPointer { rows in
            Self.encode(levels.count) { i in
                rows[Int(classes[i]) &<< 8 | Int(UInt8(bitPattern: levels[i]))]
            }
        }
    }

    @inline(__always)
    private static func encode(_ count: Int, _ symbol: (Int) -> RansSymbol) -> Output {
        var (even, odd) = (RansDecoder.lowerBound, RansDecoder.lowerBound)
        // Position of the next word. The position after the last one takes one that does not count.
        var position = count - 1
        let words = [UInt16](unsafeUninitializedCapacity: count) { memory, filled in
            guard let words = memory.baseAddress else { return }
            func put(_ state: inout UInt32, _ i: Int, _ position: inout Int) {
                let symbol = symbol(i)
                let isFull = state >= symbol.limit
                // Written anyway: what does not count is written over.
                words[position] = UInt16(truncatingIfNeeded: state).littleEndian
                position &-= isFull ? 1 : 0
                let x = isFull ? state &>> 16 : state
                let product = UInt64(x) &* UInt64(symbol.reciprocal)
                let quotient = UInt32(truncatingIfNeeded: product &>> UInt64(symbol.shift))
                state = x &+ UInt32(symbol.start) &+ quotient &* UInt32(symbol.complement)
            }
            var i = count
            if i & 1 == 1 {
                i &-= 1
                put(&even, i, &position)
            }
            while i > 0 {
                i &-= 2
                put(&odd, i &+ 1, &position)
                put(&even, i, &position)
            }
            // The words end at the end; what is before them was never written.
            for i in 0..<max(position + 1, 0) { words[i] = 0 }
            filled = count
        }
        return Output(even: even, odd: odd, words: words[(position + 1)...])
    }
}

/// What the encoder knows of a symbol.
struct RansSymbol {
    /// States from here on give a word away first.
    let limit: UInt32
    /// x / frequency is x * reciprocal >> shift for every state x.
    let reciprocal: UInt32
    let shift: UInt32
    /// Sum of the frequencies before it.
    let start: UInt16
    /// The sum of all frequencies less its own.
    let complement: UInt16

    /// Stands for symbols that never occur.
    static let none = RansSymbol(frequency: 1, start: 0)

    /// - Parameter frequency: 1 to 2^14.
    init(frequency: Int, start: Int) {
        limit = UInt32(frequency) << 17
        self.start = UInt16(start)
        complement = UInt16(SymbolTable.total - frequency)
        // States are below 2^31. The reciprocal exceeds 2^shift / frequency by at most 1, which adds less than
        // 1 / frequency to the quotient.
        let shift = 31 + Int.bitWidth - (frequency - 1).leadingZeroBitCount
        self.shift = UInt32(shift)
        self.reciprocal = UInt32(truncatingIfNeeded: (1 << shift) / frequency + 1)
    }
}
