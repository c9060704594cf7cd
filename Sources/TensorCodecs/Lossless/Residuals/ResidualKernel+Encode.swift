extension ResidualKernel {
    /// The coded forms of eight elements.
    private struct Coded {
        var levels: IntLanes
        var classes: IntLanes
        /// The first 32 raw bits, and how many there are.
        var rawBits: WordLanes
        var counts: IntLanes
        /// What the others are made from: the bits below the cell, behind the distance's.
        var lows: WordLanes
        var distanceBits: IntLanes
        /// Levels for elements whose cell is 0.
        var smallExponents: IntLanes
        /// Whether it is.
        var isSmall: IntLanes
    }

    /// Codes the elements of a block.
    static func encode(_ block: ResidualBlock, _ format: FloatFormat, _ rule: Classes, to output: ResidualChunkWriter) {
        switch format {
        case .f32, .f64: encode(block, FullGrid.self, rule, to: output)
        case .bf16: encode(block, BrainGrid.self, rule, to: output)
        case .f16: encode(block, HalfGrid.self, rule, to: output)
        }
    }

    @inline(__always)
    private static func encode<Grid: FloatGrid>(
        _ block: ResidualBlock, _ grid: Grid.Type, _ rule: Classes, to output: ResidualChunkWriter
    ) {
        let planes = output.planes
        var next = output.smallCount
        var position = 0
        while position < block.count {
            let coded = code(block, position, grid, rule)
            Lanes.store(coded.levels, planes.levels, position)
            Lanes.store(coded.classes, planes.classes, position)
            Lanes.store(coded.counts, planes.bitCounts, position)
            Lanes.store(coded.rawBits, planes.rawBits, position)
            if Lanes.any(Lanes.isLess(Lanes.all(32), coded.counts)) {
                output.hasLongOnes = true
                // Two shifts, since one by 32 would be none.
                let more = Lanes.bits(Lanes.all(31) &- coded.distanceBits)
                Lanes.store((coded.lows &>> Lanes.all(UInt32(1))) &>> more, planes.moreRawBits, position)
            }
            if Lanes.any(coded.isSmall) {
                for lane in 0..<min(Lanes.count, block.count &- position) {
                    // Whether a cell is 0 is hard to foresee: written anyway.
                    output.smallExponents[next] = coded.smallExponents[lane]
                    next &-= Int(truncatingIfNeeded: coded.isSmall[lane])
                }
            }
            position &+= Lanes.count
        }
        output.smallCount = next
        output.take(block.count)
    }

    @inline(__always)
    private static func code<Grid: FloatGrid>(
        _ block: ResidualBlock, _ position: Int, _ grid: Grid.Type, _ rule: Classes
    ) -> Coded {
        let prepared = prepare(block, position, grid, rule)
        let sizes = prepared.sizes
        let words = Lanes.load(block.words, position)
        let fields = FloatWord.fields(words)
        let exponents = FloatWord.exponents(fields)
        let isEscape =
            Lanes.isLess(Lanes.all(254), fields) | Lanes.isLess(Lanes.all(23 + largestShift), exponents &- sizes)
        let cells = FloatWord.cells(words, exponents, sizes)
        let differences = FloatWord.signed(cells, words) &- prepared.cells
        let turns = differences &>> Lanes.all(31)
        let distances = (differences ^ turns) &- turns
        let (magnitudes, raw) = ResidualSymbols.magnitudes(distances)
        let quanta = Grid.quantum(exponents)
        let isNotZero = Lanes.isLess(Lanes.all(0), Lanes.signed(words & Lanes.all(UInt32(0x7fff_ffff))))
        let isSmall = Lanes.isLess(cells, Lanes.all(1))
        let lowBits = Lanes.select(
            isSmall, (exponents &- quanta) & isNotZero, Lanes.positive(sizes &- quanta))
        let shifts = Lanes.bits(quanta &- exponents &+ Lanes.all(23))
        let lows = (FloatWord.significands(words) &>> shifts) & Lanes.mask(lowBits)
        let top = Lanes.bits(distances) & Lanes.mask(raw)
        return Coded(
            levels: Lanes.select(isEscape, Lanes.all(ResidualSymbols.escape), (magnitudes ^ turns) &- turns),
            classes: prepared.classes,
            rawBits: Lanes.select(isEscape, words, top | lows &<< Lanes.bits(raw)),
            counts: Lanes.select(isEscape, Lanes.all(32), raw &+ lowBits),
            lows: lows, distanceBits: raw,
            smallExponents: (sizes &+ Lanes.all(127) &- fields) & isNotZero,
            isSmall: isSmall & ~isEscape)
    }
}
