extension ResidualKernel {
    /// Takes over what a block says of elements that a chunk's decoder needs, from `position` in the chunk on.
    static func prepare(
        _ block: ResidualBlock, _ format: FloatFormat, _ rule: Classes, at position: Int, of chunk: ResidualChunkReader
    ) {
        switch format {
        case .f32, .f64: prepare(block, FullGrid.self, rule, position, chunk)
        case .bf16: prepare(block, BrainGrid.self, rule, position, chunk)
        case .f16: prepare(block, HalfGrid.self, rule, position, chunk)
        }
    }

    @inline(__always)
    private static func prepare<Grid: FloatGrid>(
        _ block: ResidualBlock, _ grid: Grid.Type, _ rule: Classes, _ start: Int, _ chunk: ResidualChunkReader
    ) {
        var position = 0
        while position < block.count {
            let prepared = prepare(block, position, grid, rule)
            Lanes.store(prepared.cells, chunk.cells, start &+ position)
            Lanes.store(prepared.sizes, chunk.planes.sizes, position)
            Lanes.store(prepared.classes, chunk.planes.classes, position)
            position &+= Lanes.count
        }
        let sizes = chunk.sizes + start, classes = chunk.classes + start
        for i in 0..<block.count { sizes[i] = Int8(truncatingIfNeeded: chunk.planes.sizes[i]) }
        for i in 0..<block.count { classes[i] = UInt8(truncatingIfNeeded: chunk.planes.classes[i]) }
    }

    /// Restores the words of some elements of a chunk, in order.
    /// - Returns: whether all levels were possible ones.
    static func decode(
        _ chunk: ResidualChunkReader, _ range: Range<Int>, _ format: FloatFormat, to block: ResidualBlock
    )
        -> Bool
    {
        switch format {
        case .f32, .f64: decode(chunk, range, FullGrid.self, block)
        case .bf16: decode(chunk, range, BrainGrid.self, block)
        case .f16: decode(chunk, range, HalfGrid.self, block)
        }
    }

    /// In three loops. How many raw bits an element has, nearly always follows from its level and prediction alone: the
    /// first loop says so without waiting for any bits. The second takes the bits, the third makes words of them.
    @inline(__always)
    private static func decode<Grid: FloatGrid>(
        _ chunk: ResidualChunkReader, _ range: Range<Int>, _ grid: Grid.Type, _ block: ResidualBlock
    ) -> Bool {
        let start = range.lowerBound, count = range.count
        let levels = chunk.levels + start, sizes = chunk.sizes + start
        for i in 0..<count { chunk.planes.levels[i] = Int32(levels[i]) }
        for i in 0..<count { chunk.planes.sizes[i] = Int32(sizes[i]) }
        var position = 0
        while position < count {
            Lanes.store(bitCounts(chunk, start, position, grid), chunk.planes.bitCounts, position)
            position &+= Lanes.count
        }
        guard readBits(chunk, start, count, grid) else { return false }
        position = 0
        while position < count {
            Lanes.store(words(chunk, start, position, grid), block.words, position)
            position &+= Lanes.count
        }
        return true
    }

    /// Raw bits of eight elements; negative where that is not known before they are read, or they are no usual ones.
    @inline(__always)
    private static func bitCounts<Grid: FloatGrid>(
        _ chunk: ResidualChunkReader, _ start: Int, _ position: Int, _ grid: Grid.Type
    ) -> IntLanes {
        let levels = Lanes.load(chunk.planes.levels, position)
        let turns = Lanes.isNegative(levels)
        let magnitudes = (levels ^ turns) &- turns
        let cells = Lanes.load(chunk.cells, start &+ position)
        let sizes = Lanes.load(chunk.planes.sizes, position)
        let (least, raw) = ResidualSymbols.distances(magnitudes)
        Lanes.store(least, chunk.planes.distances, position)
        Lanes.store(raw, chunk.planes.rawCounts, position)
        let most = least | Lanes.signed(Lanes.mask(raw))
        let near = cells &+ ((least ^ turns) &- turns), far = cells &+ ((most ^ turns) &- turns)
        let nearSigns = Lanes.isNegative(near), farSigns = Lanes.isNegative(far)
        let floats = Lanes.floatBits(near ^ nearSigns)
        let exponents = (floats &>> Lanes.all(23)) &- Lanes.all(127)
        let counts = raw &+ Lanes.positive(sizes &- Grid.quantum(exponents &+ sizes))
        // Nothing about the cell's exponent or sign depends on the raw bits.
        let unlike = ((floats ^ Lanes.floatBits(far ^ farSigns)) & Lanes.all(0x7f80_0000)) | (nearSigns ^ farSigns)
        let isUnknown =
            Lanes.isLess(Lanes.all(0), unlike & Lanes.all(0x7fff_ffff)) | Lanes.isNegative(exponents)
            | Lanes.isLess(Lanes.all(23), exponents) | Lanes.isLess(Lanes.all(32), counts)
            | Lanes.isLess(Lanes.all(ResidualSymbols.largest), magnitudes)
        return counts | isUnknown
    }

    /// Reads the bits of a block's elements; those whose `bitCounts` are negative it restores.
    @inline(__always)
    private static func readBits<Grid: FloatGrid>(
        _ chunk: ResidualChunkReader, _ start: Int, _ count: Int, _ grid: Grid.Type
    ) -> Bool {
        // Local, for what is written through pointers might be this for all the compiler knows.
        var input = chunk.source
        guard input.isInside else { return false }
        let counts = chunk.planes.bitCounts, rawBits = chunk.planes.rawBits
        defer { chunk.source = input }
        for i in 0..<count {
            let bits = input.peek()
            rawBits[i] = UInt32(truncatingIfNeeded: bits)
            guard counts[i] < 0 else {
                input.skip(counts[i])
                continue
            }
            guard let single = single(chunk, start &+ i, chunk.planes.levels[i], chunk.planes.sizes[i], bits, grid)
            else {
                return false
            }
            rawBits[i] = single.word
            input.skip(single.count)
        }
        return true
    }

    /// The words of eight elements whose bits have been read; of those restored by themselves they stand for the bits.
    @inline(__always)
    private static func words<Grid: FloatGrid>(
        _ chunk: ResidualChunkReader, _ start: Int, _ position: Int, _ grid: Grid.Type
    ) -> WordLanes {
        let turns = Lanes.isNegative(Lanes.load(chunk.planes.levels, position))
        let sizes = Lanes.load(chunk.planes.sizes, position)
        let bits = Lanes.load(chunk.planes.rawBits, position)
        let raw = Lanes.load(chunk.planes.rawCounts, position)
        let counts = Lanes.load(chunk.planes.bitCounts, position)
        let distances = Lanes.load(chunk.planes.distances, position) | Lanes.signed(bits & Lanes.mask(raw))
        let values = Lanes.load(chunk.cells, start &+ position) &+ ((distances ^ turns) &- turns)
        let signs = Lanes.isNegative(values)
        // The cell as a float is the element in units of the cell's size, but for the bits below.
        let floats = Lanes.floatBits(values ^ signs)
        let exponents = (floats &>> Lanes.all(23)) &- Lanes.all(127) &+ sizes
        let lows = (bits &>> Lanes.bits(raw)) & Lanes.mask(counts &- raw)
        let shifts = Lanes.bits(Grid.quantum(exponents) &- exponents &+ Lanes.all(23))
        let magnitudes = Lanes.bits(floats &+ (sizes &<< Lanes.all(23))) | lows &<< shifts
        let words = Lanes.bits(signs) & Lanes.all(UInt32(0x8000_0000)) | magnitudes & Lanes.all(UInt32(0x7fff_ffff))
        return Lanes.select(Lanes.isNegative(counts), bits, words)
    }
}
