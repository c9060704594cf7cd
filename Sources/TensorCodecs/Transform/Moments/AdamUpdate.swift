/// The weight change that the current first moment alone will still cause:
/// moment = displacement * factor * (sqrt(second moment) + epsilon).
///
/// For Adam the future displacement is lr * beta1 / (1 - beta1) * m / (sqrt(v) + eps); without a second moment the
/// denominator is 1.
package struct AdamUpdate: Sendable, Hashable {
    /// (1 - beta1) / (lr * beta1).
    package var factor: Double
    package var epsilon: Double

    package init?(factor: Double, epsilon: Double) {
        guard factor.isFinite, factor > 1e-30, factor < 1e30, epsilon.isFinite, epsilon >= 0, epsilon < 1e30 else {
            return nil
        }
        self.factor = factor
        self.epsilon = epsilon
    }

    /// Moment per unit of displacement at an element with this restored second moment.
    @inline(__always)
    func gain(_ second: Float?) -> Double {
        guard let second else { return factor }
        return factor * (Double(second).squareRoot() + epsilon)
    }
}

/// What a first moment's size means.
package enum FirstMomentScale: Sendable, Hashable {
    /// The optimizer's settings say how far it will still move the weight.
    case adamUpdate(AdamUpdate)
    /// The settings are not known.
    case unknown
    /// Only its direction counts (Lion takes its sign, Muon makes it orthogonal).
    case direction
}
