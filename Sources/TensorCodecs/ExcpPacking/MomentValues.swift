/// The moments of a quantized group as streams: first moments over the positions where weights were kept, second
/// moments over those where first moments were kept.
struct MomentValues {
    let firstCodebooks: [[Float]]
    /// Of the tensors that have one.
    let secondCodebooks: [[Float]]
    let firsts: IndexStreamEncoder
    let seconds: ValueStream
    /// Both indices as one value; the first moments alone where they cannot be paired.
    let pairs: IndexStreamEncoder
    /// Whether the pairs are expected to take less than the two streams.
    let isPairedSmaller: Bool
    /// Ideal code lengths per tensor of each role coded alone.
    let firstCosts: [UInt64]
    let secondCosts: [UInt64]

    /// - Parameter tensors: each with a first moment.
    init(_ tensors: [ExcpTensor]) {
        let first = tensors.compactMap(\.first)
        let second = tensors.compactMap(\.second)
        firstCodebooks = first.map(\.codebook)
        secondCodebooks = second.map(\.codebook)
        let firstAlphabet = ExcpPacking.alphabet(first)
        let secondAlphabet = ExcpPacking.alphabet(second)

        var positions: [[UInt8]] = []
        var secondValues: [UInt8] = []
        var secondEnds: [Int] = []
        for tensor in tensors {
            guard let role = tensor.first else { continue }
            positions.append(KeptValues.gathered(role.indices, where: tensor.weight.indices))
            if let second = tensor.second {
                secondValues += KeptValues.gathered(second.indices, where: role.indices)
            }
            secondEnds.append(secondValues.count)
        }
        let source = SparseValues(positions)
        firsts = IndexStreamEncoder(source, alphabet: firstAlphabet)
        seconds = ValueStream(secondValues.map { $0 &- 1 }, bound: secondAlphabet)
        firstCosts = Self.runCosts(source, plus: source.valueCosts)
        secondCosts = PieceCosts.costs(secondValues, ends: secondEnds)
        guard second.count == tensors.count, ExcpPacking.canPair(first: firstAlphabet, second: secondAlphabet),
            secondValues.count == source.count, source.count > 0
        else {
            (pairs, isPairedSmaller) = (firsts, false)
            return
        }
        let factor = UInt8(secondAlphabet)
        let both = secondValues.withUnsafeBufferPointer { seconds in
            source.with { first, number in (first &- 1) &* factor &+ seconds[number] }
        }
        pairs = IndexStreamEncoder(both, alphabet: firstAlphabet * secondAlphabet)
        isPairedSmaller = pairs.estimate < firsts.estimate + seconds.estimate
    }

    /// Adds to each piece its share of the mask's entropy: as much per kept value as the whole mask costs.
    private static func runCosts(_ source: SparseValues, plus costs: [UInt64]) -> [UInt64] {
        var mask = SymbolHistogram()
        mask.add(0, times: source.total - source.count)
        mask.add(1, times: source.count)
        guard source.count > 0 else { return costs }
        let whole = UInt64(mask.counts[0]) * mask.costs[0] + UInt64(mask.counts[1]) * mask.costs[1]
        let each = whole / UInt64(source.count)
        var start = 0
        return zip(costs, source.ends).map { cost, end in
            defer { start = end }
            return cost + UInt64(end - start) * each
        }
    }
}
