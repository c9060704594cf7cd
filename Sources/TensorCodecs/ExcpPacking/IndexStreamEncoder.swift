/// Chooses the layout of an `IndexStream` and writes it.
struct IndexStreamEncoder {
    private let source: SparseValues
    /// Values are 1...alphabet.
    private let alphabet: Int
    private let kind: IndexStream.Kind
    private let tokens: RunTokens
    /// What the dense layout is made of, where it was chosen.
    private let dense: ValueStream?
    /// Expected size in 1/65536 bits.
    let estimate: UInt64

    /// From this share of values on, the dense layout is looked at.
    private static let densePerMille = 300

    /// - Parameter alphabet: largest value possible, 1 to 255.
    init(_ source: SparseValues, alphabet: Int) {
        self.source = source
        self.alphabet = alphabet
        var best: (kind: IndexStream.Kind, tokens: RunTokens, estimate: UInt64) = (
            .empty, RunTokens(joint: false, shift: 0, alphabet: alphabet), source.count == 0 ? 0 : .max
        )
        var dense: ValueStream?
        func consider(_ kind: IndexStream.Kind, _ tokens: RunTokens, _ estimate: UInt64) {
            if estimate < best.estimate { best = (kind, tokens, estimate) }
        }
        if source.count > 0 {
            let meanRun = (source.total - source.count) / source.count
            let sample = source.sample
            if RunTokens.canJoin(alphabet) {
                for tokens in Self.candidates(joint: true, alphabet: alphabet, meanRun: meanRun) {
                    consider(.joint, tokens, Self.estimate(sample, of: source.count, tokens))
                }
            }
            let values = Self.valueEstimate(sample, of: source.count)
            for tokens in Self.candidates(joint: false, alphabet: alphabet, meanRun: meanRun) {
                consider(.split, tokens, Self.estimate(sample, of: source.count, tokens) + values)
            }
            if source.count * 1000 >= source.total * Self.densePerMille {
                let stream = ValueStream(source.dense, bound: alphabet + 1, histogram: source.histogram)
                dense = stream
                consider(.dense, best.tokens, stream.estimate)
            }
        }
        self.dense = best.kind == .dense ? dense : nil
        (kind, tokens, estimate) = best
    }

    /// Token designs whose mean shifted run lies between an eighth and about all of the classes.
    private static func candidates(joint: Bool, alphabet: Int, meanRun: Int) -> [RunTokens] {
        let classes = RunTokens(joint: joint, shift: 0, alphabet: alphabet).classes
        var shift = 0
        while shift < RunTokens.shiftLimit - 3, meanRun >> shift >= max(classes, 2) { shift += 1 }
        return (shift...shift + 3).map { RunTokens(joint: joint, shift: $0, alphabet: alphabet) }
    }

    /// Expected size of tokens and low bits.
    private static func estimate(_ sample: [SparseValues.RunValue], of count: Int, _ tokens: RunTokens) -> UInt64 {
        var counts = [Int](repeating: 0, count: 256)
        var continuations = 0
        let (shift, classes, width) = (UInt32(tokens.shift), UInt32(tokens.classes), UInt32(tokens.width))
        counts.withUnsafeMutableBufferPointer { counts in
            for position in sample {
                var shifted = position.run &>> shift
                // Few runs are that long, and division is slow.
                if shifted >= classes {
                    continuations += Int(shifted / classes)
                    shifted %= classes
                }
                counts[Int(shifted &* width &+ (tokens.joint ? UInt32(position.value) &- 1 : 0))] &+= 1
            }
        }
        counts[Int(tokens.continuation)] += continuations
        let lowBits = UInt64(count * tokens.shift) * FixedLog2.one
        return scaled(SymbolHistogram(counts: counts).huffmanEstimate, count, sample.count) + lowBits
    }

    private static func valueEstimate(_ sample: [SparseValues.RunValue], of count: Int) -> UInt64 {
        var histogram = SymbolHistogram()
        for position in sample { histogram.add(Int(position.value)) }
        return scaled(histogram.huffmanEstimate, count, sample.count)
    }

    private static func scaled(_ estimate: UInt64, _ count: Int, _ seen: Int) -> UInt64 {
        let (high, low) = estimate.multipliedFullWidth(by: UInt64(count))
        return UInt64(seen).dividingFullWidth((high, low)).quotient
    }

    /// Writes the stream.
    /// - Returns: per piece of the source, its ideal code length in 1/65536 bits.
    func write(to writer: inout ByteWriter) throws(CodecError) -> [UInt64] {
        writer.append(kind.rawValue)
        switch kind {
        case .empty:
            return [UInt64](repeating: 0, count: source.ends.count)
        case .dense:
            try dense?.write(to: &writer)
            return source.valueCosts
        case .joint, .split:
            let (symbols, lowBits, costs) = tokenize()
            writer.append(UInt8(tokens.shift))
            writer.append(varint: source.count)
            writer.append(varint: symbols.count)
            try ByteStream.write(symbols, to: &writer)
            writer.append(contentsOf: lowBits)
            guard kind == .split else { return costs }
            let values = KeptValues.gathered(source.dense, where: source.dense).map { $0 &- 1 }
            try ValueStream(values, bound: alphabet).write(to: &writer)
            return zip(costs, source.valueCosts).map(+)
        }
    }

    private func tokenize() -> (tokens: [UInt8], lowBits: [UInt8], costs: [UInt64]) {
        var lowBits = BitWriter(capacity: source.count * tokens.shift / 8 + 1)
        let (shift, classes, width) = (UInt32(tokens.shift), UInt32(tokens.classes), UInt32(tokens.width))
        let (mask, factor) = ((UInt32(1) << shift) - 1, UInt32(tokens.joint ? 1 : 0))
        var tokenEnds: [Int] = []
        // A continuation stands for as many zeros as its stride.
        let symbols = [UInt8](unsafeUninitializedCapacity: source.count + source.total / tokens.stride) {
            output, filled in
            var next = 0
            var previous = -1
            for piece in source.ends.indices {
                source.forEachRun(in: piece, after: &previous) { run, value, _ in
                    var shifted = run &>> shift
                    while shifted >= classes {
                        output[next] = tokens.continuation
                        next &+= 1
                        shifted &-= classes
                    }
                    output[next] = UInt8(truncatingIfNeeded: shifted &* width &+ (UInt32(value) &- 1) &* factor)
                    next &+= 1
                    if shift > 0 { lowBits.append(run & mask, bits: tokens.shift) }
                }
                tokenEnds.append(next)
            }
            filled = next
        }
        var costs = PieceCosts.costs(symbols, ends: tokenEnds)
        var start = 0
        for (piece, end) in source.ends.enumerated() {
            costs[piece] += UInt64((end - start) * tokens.shift) * FixedLog2.one
            start = end
        }
        return (symbols, lowBits.finish(), costs)
    }
}
