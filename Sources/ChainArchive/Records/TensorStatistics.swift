package import TensorCodecs

/// What was measured on a tensor while it was compressed.
package struct TensorStatistics: Sendable, Hashable {
    /// Sum over the elements of (restored - original)^2; 0 where exact.
    package var squaredError: Double
    /// Largest |restored - original|.
    package var largestError: Double
    /// What the squared error is compared with. Weights: the sum of squared changes since the step before (of the
    /// original, or, where that was gone, estimated from the residual). Moments: the sum of squares.
    package var referenceEnergy: Double
    /// Of weights: the sum of squared changes since the chain began, at a keyframe or with the base; 0 there and where it
    /// is not known.
    package var changeSinceStart: Double
    /// Elements that were pruned: residual or moment restored as zero.
    package var prunedCount: Int
    /// Bytes in the parts that are this tensor's: its own record, or its share of a quantized group.
    package var storedBytes: Int
    /// On what ground the optimizer state was tied to the weight.
    package var pairing: PairingNote
    /// Of a tensor that was taken again from restored values: all that is known of its error. `nil` where the figures above
    /// were measured against the original.
    package var range: ErrorRange?
    /// Of such a tensor: how far it is from the values that were restored. It is told, and not kept.
    package var rebased: ErrorMeasure?

    package init(
        squaredError: Double = 0, largestError: Double = 0, referenceEnergy: Double = 0, prunedCount: Int = 0,
        changeSinceStart: Double = 0, storedBytes: Int = 0, pairing: PairingNote = .none
    ) {
        self.squaredError = squaredError
        self.largestError = largestError
        self.referenceEnergy = referenceEnergy
        self.changeSinceStart = changeSinceStart
        self.prunedCount = prunedCount
        self.storedBytes = storedBytes
        self.pairing = pairing
    }

    /// A figure as manifests keep it: rounded up to Float, so that a bound stays one.
    static func figure(_ value: Double) -> Float {
        let nearest = Float(value)
        let figure = Double(nearest) < value ? nearest.nextUp : nearest
        return figure.isInfinite && value.isFinite ? .greatestFiniteMagnitude : figure
    }

    /// Whether this is the error that was recorded, in Double (format 1) or as a figure.
    package func records(_ error: ErrorMeasure) -> Bool {
        if let range { return range.contains(error) }
        func agree(_ measured: Double, _ recorded: Double) -> Bool {
            measured == recorded || Double(Self.figure(measured)) == recorded
        }
        return agree(error.squared, squaredError) && agree(error.maximum, largestError)
    }
}

/// On what ground optimizer state was tied to a weight, as recorded in a step.
package enum PairingNote: UInt8, Sendable, Hashable {
    case none = 0
    /// The optimizer names the parameter.
    case named = 1
    /// The only order or shape that fits.
    case order = 2
    /// The data tell.
    case data = 3
    /// As in the step before.
    case inherited = 4
    /// Not tied: coded on its own.
    case ambiguous = 5
}
