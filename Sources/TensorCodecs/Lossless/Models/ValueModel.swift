/// Predicts values from the same tensor in the steps before: weights, and whatever moves like them.
///
/// p = w1 + a w1 + b (w1 - w2), in Float and in this order, rounded to the tensor's format; w1 alone where a and b are
/// 0; 0 without predecessor, or where that is infinite or NaN.
struct ValueModel: Sendable {
    /// Decay towards zero since the step before, as a share of the value: a.
    var decay: Float = 0
    /// How much of the change before goes on: b.
    var drift: Float = 0
    /// Predecessors it uses: 0 to 2.
    var depth = 0
    var scale = LogScale(rows: [LogScale.none], columns: [])

    /// Fills predictions of the elements `range`; words are working memory.
    func predict(
        _ block: ResidualBlock, _ range: Range<Int>, _ format: FloatFormat,
        previous: UnsafeRawBufferPointer?, earlier: UnsafeRawBufferPointer?
    ) {
        let output = block.predictions
        guard depth > 0, let previous else {
            output.update(repeating: 0, count: range.count)
            return
        }
        WordForm.words(previous, format, range, to: output)
        let usesDrift = depth > 1 && drift != 0
        guard decay != 0 || usesDrift else { return Self.finite(output, range.count) }
        if usesDrift, let earlier {
            let old = block.words
            WordForm.words(earlier, format, range, to: old)
            for i in 0..<range.count {
                let w1 = Float(bitPattern: output[i]), w2 = Float(bitPattern: old[i])
                output[i] = ((w1 + decay * w1) + drift * (w1 - w2)).bitPattern
            }
        } else {
            for i in 0..<range.count {
                let w1 = Float(bitPattern: output[i])
                output[i] = (w1 + decay * w1).bitPattern
            }
        }
        round(output, range.count, format)
    }

    /// Rounds to the format and clears what is not finite.
    private func round(_ words: UnsafeMutablePointer<UInt32>, _ count: Int, _ format: FloatFormat) {
        switch format {
        case .f32, .f64:
            Self.finite(words, count)
        case .bf16:
            for i in 0..<count {
                let half = HalfPrecision.bfloat16(Float(bitPattern: words[i]))
                words[i] = Self.finite(UInt32(half) &<< 16)
            }
        case .f16:
            for i in 0..<count {
                let half = HalfPrecision.float16(Float(bitPattern: words[i]))
                words[i] = Self.finite(HalfPrecision.float(float16: half).bitPattern)
            }
        }
    }

    private static func finite(_ words: UnsafeMutablePointer<UInt32>, _ count: Int) {
        for i in 0..<count { words[i] = finite(words[i]) }
    }

    @inline(__always)
    private static func finite(_ word: UInt32) -> UInt32 {
        word & 0x7f80_0000 == 0x7f80_0000 ? 0 : word
    }
}

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
