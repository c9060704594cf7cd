/// What has come to second moments since the step before, as logarithms (`SecondMomentModel`): v - d v1, but not less
/// than a thousandth of v. Without a predecessor it is v itself. Made where it is asked for.
struct NewSecondMoments {
    private let words: TensorWords
    private let previous: TensorWords?
    private let decay: Float

    var count: Int { words.count }

    init(_ words: TensorWords, _ previous: TensorWords?, decay: Float) {
        self.words = words
        self.previous = previous
        self.decay = decay
    }

    /// The logarithm of one element.
    func logarithm(_ i: Int) -> UInt32 { logarithm(words[i], previous?[i]) }

    @inline(__always)
    private func logarithm(_ word: UInt32, _ previous: UInt32?) -> UInt32 {
        guard let previous else { return word &>> SecondMomentModel.unitBits }
        let value = Float(bitPattern: word)
        let new = max(value - decay * Float(bitPattern: previous), 0.001 * value)
        return new.bitPattern &>> SecondMomentModel.unitBits
    }

    /// The sum of all logarithms.
    func sum() -> Int {
        var sum = 0
        for start in stride(from: 0, to: count, by: TensorWords.piece) {
            withRun(start..<min(start + TensorWords.piece, count)) { for logarithm in $0 { sum += Int(logarithm) } }
        }
        return sum
    }

    /// Goes over the logarithms row by row.
    func forEachRow(_ columns: Int, _ body: (Int, UnsafeBufferPointer<UInt32>) -> Void) {
        for i in 0..<count / columns { withRun(i * columns..<(i + 1) * columns) { body(i, $0) } }
    }

    private func withRun(_ range: Range<Int>, _ body: (UnsafeBufferPointer<UInt32>) -> Void) {
        let count = range.count
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * count) { memory in
            guard let scratch = memory.baseAddress else { return }
            let words = words.run(range, scratch), output = scratch
            if let previous {
                let old = previous.run(range, scratch + count)
                for i in 0..<count { output[i] = logarithm(words[i], old[i]) }
            } else {
                for i in 0..<count { output[i] = logarithm(words[i], nil) }
            }
            body(UnsafeBufferPointer(start: scratch, count: count))
        }
    }
}
