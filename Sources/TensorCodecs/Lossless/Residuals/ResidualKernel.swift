/// Coding of float32 words against predictions by fixed-point residuals (`Docs/format-lossless.md`).
///
/// Prediction and element are taken to a grid of about an eighth of the expected deviation, or as fine as the format
/// allows. The difference of their cells is entropy coded, what lies below the grid is raw. Everything is integer
/// arithmetic.
enum ResidualKernel {
    /// Cells are this many octaves below the expected deviation.
    private static let fineness: Int32 = 3
    static let sizes: ClosedRange<Int32> = -126...100
    /// Larger elements are escapes: their cells would not fit.
    static let largestShift: Int32 = 4

    /// How an element's class follows from what is known of it.
    enum Classes {
        /// By the deviation in units of the cell, quarter octaves: what matters where the format's own grid is coarse.
        case byPrecision
        /// Four times the context plus the scale's fraction of an octave.
        case byContext
    }

    /// Exponents of cell sizes, the predictions' signed cells and the classes of elements.
    struct Prepared {
        var sizes: IntLanes
        var cells: IntLanes
        var classes: IntLanes
    }

    @inline(__always)
    static func prepare<Grid: FloatGrid>(
        _ block: ResidualBlock, _ position: Int, _ grid: Grid.Type, _ rule: Classes
    ) -> Prepared {
        let predictions = Lanes.load(block.predictions, position)
        let scales = Lanes.load(block.scales, position)
        let exponents = FloatWord.exponents(FloatWord.fields(predictions))
        let wanted = Lanes.max((scales &>> Lanes.all(2)) &- Lanes.all(fineness), Grid.quantum(exponents))
        let sizes = Lanes.min(Lanes.max(wanted, sizes.lowerBound), sizes.upperBound)
        let cells = FloatWord.signed(FloatWord.cells(predictions, exponents, sizes), predictions)
        let classes: IntLanes =
            switch rule {
            case .byPrecision:
                Lanes.min(Lanes.max(scales &- (sizes &<< Lanes.all(2)), -16), 15) &+ Lanes.all(16)
            case .byContext: (Lanes.load(block.contexts, position) &<< Lanes.all(2)) &+ (scales & Lanes.all(3))
            }
        return Prepared(sizes: sizes, cells: cells, classes: classes)
    }

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

/// How the difference d between an element's cell and its prediction's becomes a level for `RansCoder` and raw bits.
///
/// |d| below 8 is its own magnitude; beyond, four magnitudes an octave: 8 + 4 (b - 4) + the two bits after the leading
/// one, b being the bit length, and the other b - 3 bits raw. The sign of d is the level's.
enum ResidualSymbols {
    /// An element that is kept as its whole word: infinity, NaN, far out of range.
    static let escape: Int32 = 120
    /// Differences have at most this many bits.
    static let longest: Int32 = 30
    /// Largest magnitude of a level that is no escape.
    static let largest: Int32 = 8 + 4 * (longest - 4) + 3

    /// The levels' magnitudes, and how many low bits of each distance are raw.
    @inline(__always)
    static func magnitudes(_ distances: IntLanes) -> (magnitudes: IntLanes, raw: IntLanes) {
        // A float's exponent and its two upper mantissa bits are what a magnitude is made of.
        let floats = Lanes.floatBits(distances)
        let coarse = (floats &>> Lanes.all(21)) &- Lanes.all(512)
        let raw = Lanes.max((floats &>> Lanes.all(23)) &- Lanes.all(129), 0)
        return (Lanes.select(Lanes.isLess(distances, Lanes.all(4)), distances, coarse), raw)
    }

    /// What of a distance its level says, the other bits being 0, and how many raw bits those are.
    @inline(__always)
    static func distances(_ magnitudes: IntLanes) -> (least: IntLanes, raw: IntLanes) {
        let raw = Lanes.max((magnitudes &>> Lanes.all(2)) &- Lanes.all(1), 0)
        let top = magnitudes &- (raw &<< Lanes.all(2))
        return (Lanes.signed(Lanes.bits(top) &<< Lanes.bits(raw)), raw)
    }
}
