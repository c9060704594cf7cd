/// What the encoder knows of a symbol.
struct RansSymbol {
    let frequency: UInt32
    /// Sum of the frequencies before it.
    let start: UInt32
    /// x / frequency is x * reciprocal >> shift for every state x.
    let reciprocal: UInt32
    let shift: UInt32

    /// Stands for symbols that never occur.
    static let none = RansSymbol(frequency: 1, start: 0)

    /// - Parameter frequency: 1 to 2^14.
    init(frequency: Int, start: Int) {
        self.frequency = UInt32(frequency)
        self.start = UInt32(start)
        // States are below 2^31. The reciprocal exceeds 2^shift / frequency by at most 1, which adds less than
        // 1 / frequency to the quotient.
        let shift = 31 + Int.bitWidth - (frequency - 1).leadingZeroBitCount
        self.shift = UInt32(shift)
        self.reciprocal = UInt32(truncatingIfNeeded: (1 << shift) / frequency + 1)
    }
}
