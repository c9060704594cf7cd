/// Chooses the layout of an `IndexStream` and writes it.
struct IndexStreamEncoder {
    private let source: SparseValues
    /// Values are 1...alphabet.
    private let alphabet: Int
    private let kind: IndexStream.Kind
    private let tokens: RunTokens
    /// Expected size in 1/65536 bits.
    let estimate: UInt64

    /// From this share of values on, the dense layout is looked at.
    private static let densePerMille = 300

    /// - Parameter alphabet: largest value possible, 1 to 255.
    init(_ source: SparseValues, alphabet: Int) {
        self.source = source
        self.alphabet = alphabet
        var best: (kind: IndexStream.Kind, tokens: RunTokens, estimate: UInt64) = (
            .empty, RunTokens(joint: false, shift: 0, alphabet: alphabet), source.values.isEmpty ? 0 : .max
        )
        func consider(_ kind: IndexStream.Kind, _ tokens: RunTokens, _ estimate: UInt64) {
            if estimate < best.estimate { best = (kind, tokens, estimate) }
        }
        if !source.values.isEmpty {
            let meanRun = (source.total - source.values.count) / source.values.count
            if RunTokens.canJoin(alphabet) {
                for tokens in Self.candidates(joint: true, alphabet: alphabet, meanRun: meanRun) {
                    consider(.joint, tokens, Self.estimate(source, tokens))
                }
            }
            let values = Self.valueEstimate(source)
            for tokens in Self.candidates(joint: false, alphabet: alphabet, meanRun: meanRun) {
                consider(.split, tokens, Self.estimate(source, tokens) + values)
            }
            if source.values.count * 1000 >= source.total * Self.densePerMille {
                consider(.dense, best.tokens, ValueStream(source.dense, bound: alphabet + 1).estimate)
            }
        }
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
    private static func estimate(_ source: SparseValues, _ tokens: RunTokens) -> UInt64 {
        var histogram = SymbolHistogram()
        var seen = 0
        for range in source.samples {
            for i in range {
                let shifted = Int(source.runs[i] >> UInt32(tokens.shift))
                histogram.add(Int(tokens.continuation), times: shifted / tokens.classes)
                histogram.add(shifted % tokens.classes * tokens.width + (tokens.joint ? Int(source.values[i]) - 1 : 0))
            }
            seen += range.count
        }
        let lowBits = UInt64(source.values.count * tokens.shift) * FixedLog2.one
        return scaled(histogram.huffmanEstimate, source.values.count, seen) + lowBits
    }

    private static func valueEstimate(_ source: SparseValues) -> UInt64 {
        var histogram = SymbolHistogram()
        var seen = 0
        for range in source.samples {
            for i in range { histogram.add(Int(source.values[i])) }
            seen += range.count
        }
        return scaled(histogram.huffmanEstimate, source.values.count, seen)
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
            try ValueStream(source.dense, bound: alphabet + 1).write(to: &writer)
            return valueCosts()
        case .joint, .split:
            let (symbols, lowBits, costs) = tokenize()
            writer.append(UInt8(tokens.shift))
            writer.append(varint: source.values.count)
            writer.append(varint: symbols.count)
            try ByteStream.write(symbols, to: &writer)
            writer.append(contentsOf: lowBits)
            guard kind == .split else { return costs }
            try ValueStream(source.values.map { $0 &- 1 }, bound: alphabet).write(to: &writer)
            return zip(costs, valueCosts()).map(+)
        }
    }

    private func tokenize() -> (tokens: [UInt8], lowBits: [UInt8], costs: [UInt64]) {
        var symbols: [UInt8] = []
        symbols.reserveCapacity(source.values.count + source.total / tokens.stride)
        var lowBits = BitWriter(capacity: source.values.count * tokens.shift / 8 + 1)
        let (classes, width, mask) = (
            UInt32(tokens.classes), UInt32(tokens.width), (UInt32(1) << UInt32(tokens.shift)) - 1
        )
        var tokenEnds: [Int] = []
        var next = 0
        for end in source.ends {
            for i in next..<end {
                var shifted = source.runs[i] >> UInt32(tokens.shift)
                while shifted >= classes {
                    symbols.append(tokens.continuation)
                    shifted -= classes
                }
                symbols.append(
                    UInt8(truncatingIfNeeded: shifted &* width &+ (tokens.joint ? UInt32(source.values[i]) &- 1 : 0)))
                if tokens.shift > 0 { lowBits.append(source.runs[i] & mask, bits: tokens.shift) }
            }
            next = end
            tokenEnds.append(symbols.count)
        }
        var costs = PieceCosts.costs(symbols, ends: tokenEnds)
        var start = 0
        for (piece, end) in source.ends.enumerated() {
            costs[piece] += UInt64((end - start) * tokens.shift) * FixedLog2.one
            start = end
        }
        return (symbols, lowBits.finish(), costs)
    }

    private func valueCosts() -> [UInt64] {
        PieceCosts.costs(source.values, ends: source.ends)
    }
}
