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
