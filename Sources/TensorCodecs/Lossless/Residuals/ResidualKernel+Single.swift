extension ResidualKernel {
    /// Restores an element by itself: one whose cell is 0, an escape, or one whose number of raw bits depends on them.
    /// - Parameter bits: its raw bits and what follows.
    /// - Returns: its word, and how many raw bits it had; none if there is no such element.
    @inline(__always)
    static func single<Grid: FloatGrid>(
        _ chunk: ResidualChunkReader, _ position: Int, _ level: Int32, _ size: Int32, _ bits: UInt64, _ grid: Grid.Type
    ) -> (word: UInt32, count: Int32)? {
        let magnitude = Int32(truncatingIfNeeded: level.magnitude)
        guard magnitude <= ResidualSymbols.largest else {
            return level == ResidualSymbols.escape ? (UInt32(truncatingIfNeeded: bits), 32) : nil
        }
        let raw = max((magnitude &>> 2) &- 1, 0)
        let top = (magnitude &- 4 &* raw) &<< raw
        let distance = top | Int32(truncatingIfNeeded: bits & ((1 &<< UInt64(raw)) &- 1))
        let behind = UInt32(truncatingIfNeeded: bits &>> UInt64(raw))
        let value = chunk.cells[position] &+ (level < 0 ? 0 &- distance : distance)
        let cell = UInt32(bitPattern: value < 0 ? ~value : value)
        let sign = UInt32(bitPattern: value) & 0x8000_0000
        guard cell != 0 else {
            guard let small = chunk.nextSmallExponent() else { return nil }
            guard small != 0 else { return (sign, raw) }
            let field = min(max(size &+ 127 &- small, 0), 254)
            let exponent = max(field, 1) &- 127
            let lowBits = min(max(exponent &- Grid.quantum(exponent), 0), 23)
            let low = behind & ((1 &<< UInt32(lowBits)) &- 1)
            return (sign | UInt32(field) &<< 23 | low &<< UInt32(23 &- lowBits), raw &+ lowBits)
        }
        let length = 32 &- Int32(truncatingIfNeeded: cell.leadingZeroBitCount)
        let exponent = length &- 1 &+ size
        let quantum = Grid.quantum(exponent)
        let lowBits = max(size &- quantum, 0)
        let low = behind & ((1 &<< UInt32(lowBits)) &- 1)
        let aligned = (cell &<< UInt32(32 &- length)) &>> 8
        let significand = aligned | low &<< UInt32(truncatingIfNeeded: quantum &- exponent &+ 23)
        let field = UInt32(truncatingIfNeeded: exponent &+ 127) & 0xff
        return (sign | field &<< 23 | significand & 0x7f_ffff, raw &+ lowBits)
    }
}
