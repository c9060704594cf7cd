/// How far a weight's original is from that of the step before, which is gone.
package struct WeightChange: Sendable {
    /// Mean square of the change, by what the archive keeps of the last original.
    package var meanSquare: Double
    /// The same without the few elements that stand far out.
    package var commonMeanSquare: Double
    /// Mean square of the weight itself.
    package var weightMeanSquare: Double
    /// Mean square of the original less the restored predecessor.
    package var residual: Double
    /// Nothing moved: what differs is what the predecessor lacked already.
    package var isNone: Bool
    /// Whether the predecessor is the original itself.
    package var isSinceExact: Bool

    /// The change is so large against the weight that the last one is no help: they agree no better than by three quarters.
    var isJump: Bool { meanSquare >= 0.5 * weightMeanSquare }

    package var rootMeanSquare: Double { meanSquare.squareRoot() }
    package var commonRootMeanSquare: Double { commonMeanSquare.squareRoot() }

    package init?(_ input: ParameterInput, since previous: [UInt8]) {
        let count = Double(max(1, input.form.count)), format = input.format
        residual = ResidualCodec.error(input.weight, previous, format: format).squared / count
        weightMeanSquare = ResidualCodec.energy(input.weight, format: format) / count
        guard residual.isFinite, weightMeanSquare.isFinite, input.previousError.isFinite else { return nil }
        isSinceExact = input.state == nil && input.previousError == 0
        let missing = input.state?.missing
        if case .sketch(let lacking) = input.lacking, isSinceExact || missing != nil {
            var change = ChangeSketch(input.weight, less: previous, format) + lacking.sketch
            if let missing { change = change - missing.sketch }
            meanSquare = change.energy / count
            isNone = residual == 0 || change.isWithin(lacking.resolution + (missing?.resolution ?? 0))
        } else if let recorded = input.recordedChange {
            meanSquare = recorded / count
            isNone = residual == 0
        } else if isSinceExact {
            meanSquare = residual
            isNone = residual == 0
        } else if case .nothing = input.lacking, let missing {
            let change = ChangeSketch(input.weight, less: previous, format) - missing.sketch
            meanSquare = change.energy / count
            isNone = residual == 0 || missing.hides(change)
        } else {
            // An archive of before, or another method's step: the residual less what it is known to hold of error.
            let error = input.previousError / count
            meanSquare = max(residual / 20, residual - error)
            isNone = residual == 0 || residual <= error * Self.stillness
        }
        commonMeanSquare = meanSquare * RobustSize.commonShare(input.weight, less: previous, format)
    }

    /// A residual so little above the recorded error is that error.
    private static let stillness = 1.001
}
