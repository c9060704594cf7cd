/// Fits a `SecondMomentModel`: the encoder's part. All in integers, and Float operations in a fixed order.
struct SecondMomentFit {
    private(set) var model = SecondMomentModel()

    /// Whether words can be second moments: nothing negative, infinite or NaN.
    static func isPossible(_ words: TensorWords) -> Bool {
        // Signs and exponent fields of all ones show when this much is added.
        var bits: UInt32 = 0
        words.forEachPiece { _, piece in
            for word in piece { bits |= word | ((word & 0x7fff_ffff) &+ 0x80_0000) }
            return bits < 0x8000_0000
        }
        return bits < 0x8000_0000
    }

    /// - Parameters:
    ///   - words, previous: possible second moments.
    ///   - columns: of the matrix; 0 where its elements are one row.
    ///   - expected: how much of the predecessor should be left by the optimizer's settings, if they are known.
    init(_ words: TensorWords, previous: TensorWords?, columns: Int, expected: Double?) {
        let decay = previous.map { Self.decay(words, $0, expected: expected, columns: columns) }
        self.init(words, previous: previous, columns: columns, decay: decay ?? 0)
    }

    private init(_ words: TensorWords, previous: TensorWords?, columns: Int, decay: Float) {
        let new = NewSecondMoments(words, previous, decay: decay)
        model.scale = Self.scale(new, columns: columns)
        if let previous {
            model.depth = 1
            model.decay = decay
            model.previousMeans = LogMeans(previous, columns: columns)
            model.alpha = alpha(new, previous)
        }
        model.deviation = deviation(words, previous: previous)
    }

    /// How much of the predecessor is left in the tensor.
    ///
    /// The caller's word for it is taken if no element falls short of it. Without one: what some elements agree on to
    /// the last bits, because they have seen nothing since; or the smallest ratio, where that codes better than 0.
    private static func decay(
        _ words: TensorWords, _ previous: TensorWords, expected: Double?, columns: Int
    ) -> Float {
        let spacing = max(words.count / 1024, 1)
        // The four smallest ratios.
        var smallest = SIMD4<Float>(repeating: .infinity)
        for i in stride(from: 0, to: words.count, by: spacing) {
            let old = Float(bitPattern: previous[i])
            guard old > .leastNormalMagnitude else { continue }
            var ratio = Float(bitPattern: words[i]) / old
            for position in 0..<4 where ratio < smallest[position] { swap(&ratio, &smallest[position]) }
        }
        if let expected, expected < 1, Float(expected) <= smallest[0] * 1.0001 { return Float(expected) }
        guard smallest[3] < 1, smallest[0] > 0 else { return 0 }
        if smallest[3] < smallest[0] * 1.0001 { return smallest[0] }
        let part = sampleRows(words.count, columns: columns)
        let new = words.part(part), old = previous.part(part)
        let least = smallest[0]
        let costs = [0, least].map { SecondMomentFit(new, previous: old, columns: columns, decay: $0).cost(new, old) }
        return costs[1] < costs[0] ? least : 0
    }

    /// Rows from the middle that say enough about the tensor.
    private static func sampleRows(_ count: Int, columns: Int) -> Range<Int> {
        let width = max(columns, 1)
        let rows = count / width
        let taken = min(rows, max(4096 / width, 8))
        let start = (rows - taken) / 2
        return start * width..<(start + taken) * width
    }

    /// Mean logarithm of the expected deviation, in 1/1024 octaves: it goes with the bits an element takes.
    private func cost(_ words: TensorWords, _ previous: TensorWords) -> Int {
        let block = ResidualBlock(capacity: TensorWords.piece)
        var sum = 0
        previous.forEachPiece { range, piece in
            model.predict(block, range, previous: piece.baseAddress)
            for i in 0..<range.count { sum += Int(block.scales[i]) }
            return true
        }
        return sum * 256 / max(words.count, 1)
    }

    /// Geometric means of rows, then of columns relative to them, in eighths of an octave.
    private static func scale(_ new: NewSecondMoments, columns: Int) -> LogScale {
        let unit = Int(SecondMomentModel.exponentUnit)
        func rounded(_ sum: Int, _ count: Int) -> Int {
            let divisor = count * unit
            return (sum + (sum < 0 ? -divisor : divisor) / 2) / divisor
        }
        guard columns > 0 else {
            return LogScale(rows: [Int16(rounded(new.sum(), max(new.count, 1)))], columns: [])
        }
        let count = new.count / columns
        var rows = [Int16](repeating: 0, count: count)
        var sums = ColumnSums(columns)
        new.forEachRow(columns) { i, row in
            let exponent = rounded(ColumnSums.sum(row, shift: 0), columns)
            rows[i] = Int16(exponent)
            sums.add(row, shift: 0, less: Int32(exponent * unit))
        }
        return LogScale(rows: rows, columns: sums.finish().map { Int16(rounded($0, max(count, 1))) })
    }

    /// How far an element follows what its predecessor had beyond rank 1: least squares, in 1/256.
    private func alpha(_ new: NewSecondMoments, _ previous: TensorWords) -> Int32 {
        let width = max(model.scale.columns.count, 1)
        let isMatrix = !model.scale.columns.isEmpty
        var product = 0, square = 0
        let rows = isMatrix ? new.count / width : 1
        let columns = isMatrix ? width : new.count
        // A sample of some ten thousand says enough about one factor.
        let spacing = max(new.count / Self.sample, 1)
        let rowSpacing = isMatrix ? min(spacing, max(rows / 64, 1)) : 1
        let columnSpacing = isMatrix ? max(spacing / rowSpacing, 1) : spacing
        for i in stride(from: 0, to: rows, by: rowSpacing) {
            let exponent = Int(model.scale.rows[i])
            for j in stride(from: 0, to: columns, by: columnSpacing) {
                let position = i &* columns &+ j
                let column = isMatrix ? Int(model.scale.columns[j]) : 0
                let y = Int(new.logarithm(position)) &- (exponent &+ column) &* Int(SecondMomentModel.exponentUnit)
                let u =
                    Int(previous[position] &>> SecondMomentModel.unitBits)
                    &- Int(model.previousMeans.value(i, isMatrix ? j : 0))
                product &+= y &* u
                square &+= u &* u
            }
        }
        guard square > 0 else { return 0 }
        return Int32(min(max((Double(product) / Double(square) * 256).rounded(), -512), 512))
    }

    /// Root mean square of what the prediction leaves against A, in quarter octaves; single large ones are cut.
    private func deviation(_ words: TensorWords, previous: TensorWords?) -> Int16 {
        // Of large tensors every so many pieces.
        let block = ResidualBlock(capacity: min(words.count, Self.piece))
        let pieces = (words.count + Self.piece - 1) / Self.piece
        let spacing = max(pieces * Self.piece / Self.sample, 1)
        var sum = 0.0, count = 0
        let scratch = UnsafeMutablePointer<UInt32>.allocate(capacity: Self.piece)
        defer { scratch.deallocate() }
        for piece in stride(from: 0, to: pieces, by: spacing) {
            let start = piece * Self.piece
            let range = start..<min(start + Self.piece, words.count)
            model.predict(block, range, previous: previous?.run(range, scratch).baseAddress)
            for i in 0..<range.count where words[start &+ i] != 0 {
                let value = Float(bitPattern: words[start &+ i])
                let distance = (value - Float(bitPattern: block.predictions[i])).magnitude
                let unit = QuarterOctaves.power(block.scales[i])
                let ratio = min(Double(distance) / unit, 4)
                sum += ratio * ratio
                count += 1
            }
        }
        guard count > 0, sum > 0 else { return 0 }
        let half = (QuarterOctaves.logarithm(sum / Double(count)) + QuarterOctaves.one) >> (FixedLog2.fractionBits + 1)
        return Int16(min(max(half, -100), 40))
    }

    private static let piece = 1 << 10
    /// Elements from which one number is fitted.
    private static let sample = 1 << 12
}
