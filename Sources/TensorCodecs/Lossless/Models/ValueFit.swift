/// Fits a `ValueModel`: the encoder's part.
struct ValueFit {
    private(set) var model = ValueModel()

    /// Sums for least squares over w1, w1 - w2 and w - w1.
    private struct Sums {
        var oldOld = 0.0, oldStep = 0.0, stepStep = 0.0, changeOld = 0.0, changeStep = 0.0
        var change = 0.0, value = 0.0
    }

    /// - Parameter columns: of the matrix; 0 where its elements are one row.
    init(_ words: TensorWords, previous: TensorWords?, earlier: TensorWords?, columns: Int) {
        let sums = previous.map { Self.sums(words, $0, earlier) }
        // A predecessor further off than zero is none.
        if let sums, sums.change < sums.value {
            model.depth = 1
            Self.choose(sums, hasEarlier: earlier != nil, &model)
        }
        let residuals = ValueResiduals(words, previous, earlier, model, longest: max(columns, TensorWords.piece))
        model.scale = LogScale.fit(residuals, columns: columns)
    }

    /// Decay and drift by least squares, where they gain anything.
    private static func choose(_ sums: Sums, hasEarlier: Bool, _ model: inout ValueModel) {
        guard sums.change > 0, sums.oldOld > 0 else { return }
        if hasEarlier, sums.stepStep > 0 {
            let determinant = sums.oldOld * sums.stepStep - sums.oldStep * sums.oldStep
            guard determinant > 1e-9 * sums.oldOld * sums.stepStep else { return }
            let a = (sums.changeOld * sums.stepStep - sums.changeStep * sums.oldStep) / determinant
            let b = (sums.changeStep * sums.oldOld - sums.changeOld * sums.oldStep) / determinant
            let gained = a * sums.changeOld + b * sums.changeStep
            if gained > worthwhile * sums.change, abs(a) < 1, abs(b) < 4 {
                model.decay = Float(a)
                model.drift = Float(b)
                model.depth = 2
                return
            }
        }
        let a = sums.changeOld / sums.oldOld
        if a * sums.changeOld > worthwhile * sums.change, abs(a) < 1 { model.decay = Float(a) }
    }

    /// Share of the energy that a prediction must take away to be used.
    private static let worthwhile = 0.002

    /// Elements from which decay and drift are fitted.
    private static let sample = 1 << 12

    private static func sums(_ words: TensorWords, _ previous: TensorWords, _ earlier: TensorWords?) -> Sums {
        var sums = Sums()
        var change = SIMD2<Double>(), value = SIMD2<Double>()
        var oldOld = SIMD2<Double>(), oldStep = SIMD2<Double>(), stepStep = SIMD2<Double>()
        var changeOld = SIMD2<Double>(), changeStep = SIMD2<Double>()
        let earlier = earlier ?? previous
        // Pairs from all over it: a few thousand say enough about two factors.
        let spacing = max(words.count / sample / 2, 1) * 2
        for i in stride(from: 0, to: words.count &- 1, by: spacing) {
            let w = pair(words, i), w1 = pair(previous, i), w2 = pair(earlier, i)
            let d = w - w1, step = w1 - w2
            // Infinity less itself is not a number, and neither is what it is multiplied with.
            guard (d * 0 + step * 0) == SIMD2() else { continue }
            change += d * d
            value += w * w
            oldOld += w1 * w1
            oldStep += w1 * step
            stepStep += step * step
            changeOld += d * w1
            changeStep += d * step
        }
        sums.change = change.sum()
        sums.value = value.sum()
        (sums.oldOld, sums.oldStep, sums.stepStep) = (oldOld.sum(), oldStep.sum(), stepStep.sum())
        (sums.changeOld, sums.changeStep) = (changeOld.sum(), changeStep.sum())
        return sums
    }

    @inline(__always)
    private static func pair(_ words: TensorWords, _ i: Int) -> SIMD2<Double> {
        SIMD2(Double(Float(bitPattern: words[i])), Double(Float(bitPattern: words[i &+ 1])))
    }
}
