/// What a `ValueModel` leaves of a tensor's values, in Float; 0 where that is not finite. Made where it is asked for.
final class ValueResiduals {
    private let words: TensorWords
    private let previous: TensorWords?
    private let earlier: TensorWords?
    private let model: ValueModel
    private let longest: Int
    private let scratch: UnsafeMutablePointer<UInt32>
    private let residuals: UnsafeMutablePointer<Float>

    var count: Int { words.count }

    /// - Parameter longest: elements of the longest run that will be asked for.
    init(_ words: TensorWords, _ previous: TensorWords?, _ earlier: TensorWords?, _ model: ValueModel, longest: Int) {
        self.words = words
        self.previous = model.depth > 0 ? previous : nil
        self.earlier = model.depth > 1 ? earlier : nil
        self.model = model
        self.longest = longest
        scratch = .allocate(capacity: 3 * longest)
        residuals = .allocate(capacity: longest)
    }

    deinit {
        scratch.deallocate()
        residuals.deallocate()
    }

    /// The residuals of some elements, until the next call.
    func run(_ range: Range<Int>) -> UnsafeBufferPointer<Float> {
        let new = words.run(range, scratch), output = residuals
        if let previous {
            let old = previous.run(range, scratch + longest)
            let older = earlier?.run(range, scratch + 2 * longest) ?? old
            let decay = model.decay, drift = model.drift
            for i in 0..<range.count {
                let w1 = Float(bitPattern: old[i])
                let predicted = (w1 + decay * w1) + drift * (w1 - Float(bitPattern: older[i]))
                output[i] = Self.finite(Float(bitPattern: new[i]) - Self.finite(predicted))
            }
        } else {
            for i in 0..<range.count { output[i] = Self.finite(Float(bitPattern: new[i])) }
        }
        return UnsafeBufferPointer(start: output, count: range.count)
    }

    @inline(__always)
    private static func finite(_ value: Float) -> Float { value.isFinite ? value : 0 }
}
