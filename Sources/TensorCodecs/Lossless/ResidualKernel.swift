/// Coding of float32 words against predictions by fixed-point residuals (`Docs/format-lossless.md`).
///
/// Prediction and element are taken to a grid of about an eighth of the expected deviation, or as fine as the format
/// allows. The difference of their cells is entropy coded, what lies below the grid is raw. Everything is integer
/// arithmetic.
enum ResidualKernel {
    /// Cells are this many octaves below the expected deviation.
    private static let fineness: Int32 = 3
    private static let sizes: ClosedRange<Int32> = -126...100
    /// Larger elements are escapes: their cells would not fit.
    private static let largestShift: Int32 = 4

    /// How an element's class follows from what is known of it.
    enum Classes {
        /// By the deviation in units of the cell, quarter octaves: what matters where the format's own grid is coarse.
        case byPrecision
        /// Four times the context plus the scale's fraction of an octave.
        case byContext
    }

    /// Cell sizes, the predictions' cells and the classes of elements.
    static func prepare(
        _ buffers: ResidualBuffers, _ range: Range<Int>, _ format: FloatFormat, _ rule: Classes,
        to classes: UnsafeMutablePointer<UInt8>
    ) {
        switch format {
        case .f32, .f64: prepare(buffers, range, FullGrid.self, rule, to: classes)
        case .bf16: prepare(buffers, range, BrainGrid.self, rule, to: classes)
        case .f16: prepare(buffers, range, HalfGrid.self, rule, to: classes)
        }
    }

    /// The same where all predictions are 0.
    static func prepareZero(
        _ buffers: ResidualBuffers, _ range: Range<Int>, _ format: FloatFormat, _ rule: Classes,
        to classes: UnsafeMutablePointer<UInt8>
    ) {
        let finest: Int32 =
            switch format {
            case .f32, .f64: FullGrid.quantum(-126)
            case .bf16: BrainGrid.quantum(-126)
            case .f16: HalfGrid.quantum(-126)
            }
        let scales = buffers.scales, contexts = buffers.contexts, cellSizes = buffers.sizes
        (buffers.cells + range.lowerBound).update(repeating: 0, count: range.count)
        for i in range {
            let scale = Int32(scales[i])
            let size = min(max(max((scale &>> 2) &- fineness, finest), sizes.lowerBound), sizes.upperBound)
            cellSizes[i] = Int16(truncatingIfNeeded: size)
            classes[i] = Self.class(rule, scale, size, contexts[i])
        }
    }

    @inline(__always)
    private static func `class`(_ rule: Classes, _ scale: Int32, _ size: Int32, _ context: UInt8) -> UInt8 {
        switch rule {
        case .byPrecision: UInt8(truncatingIfNeeded: min(max(scale &- 4 &* size, -16), 15) &+ 16)
        case .byContext: context &* 4 &+ UInt8(truncatingIfNeeded: scale & 3)
        }
    }

    @inline(__always)
    private static func prepare<Grid: FloatGrid>(
        _ buffers: ResidualBuffers, _ range: Range<Int>, _ grid: Grid.Type, _ rule: Classes,
        to classes: UnsafeMutablePointer<UInt8>
    ) {
        let predictions = buffers.predictions, scales = buffers.scales, contexts = buffers.contexts
        let cells = buffers.cells, cellSizes = buffers.sizes
        for i in range {
            let prediction = predictions[i]
            let scale = Int32(scales[i])
            let exponent = FloatWord.exponent(prediction)
            let wanted = max((scale &>> 2) &- fineness, Grid.quantum(exponent))
            let size = min(max(wanted, sizes.lowerBound), sizes.upperBound)
            cellSizes[i] = Int16(truncatingIfNeeded: size)
            cells[i] = FloatWord.signed(FloatWord.cell(prediction, exponent, scale: size), prediction)
            classes[i] = Self.class(rule, scale, size, contexts[i])
        }
    }

    /// Writes levels and raw bits of elements.
    /// - Parameter smallExponents: takes one level for each element whose cell is 0; `next` counts them.
    static func encode(
        _ buffers: ResidualBuffers, _ range: Range<Int>, _ format: FloatFormat, levels: UnsafeMutablePointer<Int32>,
        sink: inout BitSink, smallExponents: UnsafeMutablePointer<Int32>, next: inout Int
    ) {
        switch format {
        case .f32, .f64: encode(buffers, range, FullGrid.self, levels, &sink, smallExponents, &next)
        case .bf16: encode(buffers, range, BrainGrid.self, levels, &sink, smallExponents, &next)
        case .f16: encode(buffers, range, HalfGrid.self, levels, &sink, smallExponents, &next)
        }
    }

    @inline(__always)
    private static func encode<Grid: FloatGrid>(
        _ buffers: ResidualBuffers, _ range: Range<Int>, _ grid: Grid.Type, _ levels: UnsafeMutablePointer<Int32>,
        _ sink: inout BitSink, _ smallExponents: UnsafeMutablePointer<Int32>, _ next: inout Int
    ) {
        let words = buffers.words, cells = buffers.cells, cellSizes = buffers.sizes
        // Local, for what is written through pointers might be these for all the compiler knows.
        var output = sink, small = next
        defer { (sink, next) = (output, small) }
        for i in range {
            let word = words[i]
            let size = Int32(cellSizes[i])
            let field = Int32(truncatingIfNeeded: (word &>> 23) & 0xff)
            let exponent = max(field, 1) &- 127
            guard field < 255, exponent &- size &- 23 <= largestShift else {
                levels[i] = ResidualSymbols.escape
                output.append(UInt64(word), 32)
                continue
            }
            let cell = FloatWord.cell(word, exponent, scale: size)
            let difference = FloatWord.signed(cell, word) &- cells[i]
            let distance = difference.magnitude
            let raw = ResidualSymbols.rawBits(distance)
            let magnitude = ResidualSymbols.magnitude(distance, rawBits: raw)
            levels[i] = difference < 0 ? 0 &- magnitude : magnitude
            // Whether the cell is 0 is hard to foresee: both ways without a branch.
            let quantum = Grid.quantum(exponent)
            let isZero = word & 0x7fff_ffff == 0
            smallExponents[small] = isZero ? 0 : size &+ 127 &- field
            small &+= cell == 0 ? 1 : 0
            let lowBits = cell != 0 ? max(size &- quantum, 0) : isZero ? 0 : exponent &- quantum
            var low = FloatWord.significand(word) &>> UInt32(bitPattern: quantum &- exponent &+ 23)
            low &= (1 &<< UInt32(bitPattern: lowBits)) &- 1
            let top = UInt64(distance & ((1 &<< UInt32(bitPattern: raw)) &- 1))
            output.append(top | UInt64(low) &<< UInt64(bitPattern: Int64(raw)), raw &+ lowBits)
        }
    }

    /// Restores the words of elements.
    /// - Parameter smallExponents: of elements whose cell is 0; `next` counts those used.
    /// - Returns: whether all levels were possible ones.
    static func decode(
        _ buffers: ResidualBuffers, _ range: Range<Int>, _ format: FloatFormat, levels: UnsafePointer<Int32>,
        source: inout BitSource, smallExponents: UnsafeBufferPointer<Int32>, next: inout Int
    ) -> Bool {
        switch format {
        case .f32, .f64: decode(buffers, range, FullGrid.self, levels, &source, smallExponents, &next)
        case .bf16: decode(buffers, range, BrainGrid.self, levels, &source, smallExponents, &next)
        case .f16: decode(buffers, range, HalfGrid.self, levels, &source, smallExponents, &next)
        }
    }

    @inline(__always)
    private static func decode<Grid: FloatGrid>(
        _ buffers: ResidualBuffers, _ range: Range<Int>, _ grid: Grid.Type, _ levels: UnsafePointer<Int32>,
        _ source: inout BitSource, _ smallExponents: UnsafeBufferPointer<Int32>, _ next: inout Int
    ) -> Bool {
        let words = buffers.words, cells = buffers.cells, cellSizes = buffers.sizes
        var input = source, used = next, isSound = true
        defer { (source, next) = (input, used) }
        for i in range {
            let level = levels[i]
            let size = Int32(cellSizes[i])
            let magnitude = Int32(truncatingIfNeeded: level.magnitude)
            var bits = input.peek()
            guard magnitude <= ResidualSymbols.largest else {
                isSound = isSound && level == ResidualSymbols.escape
                words[i] = UInt32(truncatingIfNeeded: bits)
                input.skip(32)
                continue
            }
            let (top, raw) = ResidualSymbols.difference(magnitude)
            let mask = (UInt32(1) &<< UInt32(bitPattern: raw)) &- 1
            let distance =
                Int32(
                    bitPattern: UInt32(bitPattern: top) &<< UInt32(bitPattern: raw)
                        | UInt32(truncatingIfNeeded: bits) & mask)
            bits &>>= UInt64(bitPattern: Int64(raw))
            let turn = level &>> 31
            let value = cells[i] &+ ((distance ^ turn) &- turn)
            let sign = value &>> 31
            let cell = UInt32(bitPattern: value ^ sign)
            let signBit = UInt32(bitPattern: sign) & 0x8000_0000
            if cell != 0 {
                let length = ResidualSymbols.bitLength(cell)
                let exponent = length &- 1 &+ size
                let quantum = Grid.quantum(exponent)
                let lowBits = max(size &- quantum, 0)
                let low = UInt32(truncatingIfNeeded: bits & ((1 &<< UInt64(bitPattern: Int64(lowBits))) &- 1))
                input.skip(raw &+ lowBits)
                let place = UInt64(bitPattern: Int64(quantum &- exponent &+ 23)) & 31
                let aligned = (UInt64(cell) &<< 24) &>> UInt64(bitPattern: Int64(length))
                let significand = UInt32(truncatingIfNeeded: aligned) | low &<< UInt32(truncatingIfNeeded: place)
                words[i] =
                    signBit | (UInt32(bitPattern: exponent &+ 127) & 0xff) &<< 23 | significand & 0x7f_ffff
            } else {
                guard used < smallExponents.count else { return false }
                let small = smallExponents[used]
                used &+= 1
                if small == 0 {
                    words[i] = signBit
                    input.skip(raw)
                } else {
                    let field = min(max(size &+ 127 &- small, 0), 254)
                    let exponent = max(field, 1) &- 127
                    let lowBits = min(max(exponent &- Grid.quantum(exponent), 0), 23)
                    let low = UInt32(truncatingIfNeeded: bits) & ((1 &<< UInt32(bitPattern: lowBits)) &- 1)
                    input.skip(raw &+ lowBits)
                    words[i] =
                        signBit | UInt32(bitPattern: field) &<< 23 | low &<< UInt32(bitPattern: 23 &- lowBits)
                }
            }
        }
        return isSound
    }
}
