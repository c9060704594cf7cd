package import TensorCodecs

/// What is known of a restored tensor's error if its original was gone when it was encoded.
///
/// The tensor was encoded from values that the archive restored until then. Their error was recorded, and how far the new
/// values are from them was measured: the error lies between the difference and the sum of both.
package struct ErrorRange: Sendable, Hashable {
    /// The squared error is this or more, and that or less.
    package var least: Double
    package var most: Double
    /// The largest absolute difference is this or less.
    package var largest: Double

    package init(least: Double, most: Double, largest: Double) {
        self.least = least
        self.most = most
        self.largest = largest
    }

    /// A measured error, as the figures that were recorded of it.
    init(_ error: ErrorMeasure) {
        let below = Double(Float(error.squared).nextDown)
        self.init(least: max(0, below), most: error.squared, largest: error.maximum)
    }

    /// - Parameter difference: of the tensor from one whose error is in this range.
    func widened(by difference: ErrorMeasure) -> ErrorRange {
        let (least, most, own) = (least.squareRoot(), most.squareRoot(), difference.squared.squareRoot())
        let nearest = max(0, least - own, own - most), farthest = most + own
        // Roots and squares are rounded.
        return ErrorRange(
            least: nearest * nearest * (1 - Self.rounding), most: farthest * farthest * (1 + Self.rounding),
            largest: (largest + difference.maximum) * (1 + Self.rounding))
    }

    package func contains(_ error: ErrorMeasure) -> Bool {
        error.squared >= least && error.squared <= most && error.maximum <= largest
    }

    private static let rounding = 1e-12

    /// A figure as manifests keep it, below which the value does not lie.
    static func figureBelow(_ value: Double) -> Double {
        let nearest = Float(value)
        return Double(Double(nearest) > value ? nearest.nextDown : nearest)
    }
}

extension TensorStatistics {
    /// Makes figures that were measured against restored values those of the original, as far as they are known.
    ///
    /// - Parameters:
    ///   - archived: the record of what was restored.
    ///   - isSame: whether these are the same bytes.
    ///   - isExact: whether the tensor is coded exactly now.
    ///   - overlap: see `EncodedParameter`.
    ///   - buckets: of the sketches that it was estimated from.
    mutating func refer(to archived: TensorRecord, isSame: Bool, isExact: Bool, overlap: Double?, buckets: Int) {
        let before = archived.statistics
        if archived.role != .weight { referenceEnergy = before.referenceEnergy }
        rebased = isSame ? ErrorMeasure() : ErrorMeasure(squared: squaredError, maximum: largestError)
        guard !archived.isOriginal else { return }
        guard !isSame else {
            (squaredError, largestError) = (before.squaredError, before.largestError)
            // Where the coding says nothing of an error, the range has to.
            range = before.range ?? (isExact ? ErrorRange(before.measure) : nil)
            return
        }
        let difference = ErrorMeasure(squared: squaredError, maximum: largestError)
        let known = (before.range ?? ErrorRange(before.measure)).widened(by: difference)
        range = known
        largestError = known.largest
        squaredError = known.most
        guard let overlap, buckets > 0 else { return }
        // The sketches estimate the product to some root of its size over the buckets; thrice that is nearly never exceeded.
        let size = (before.squaredError * difference.squared).squareRoot()
        let product = overlap + 3 * size * (2 / Double(buckets)).squareRoot()
        squaredError = min(known.most, max(known.least, before.squaredError + difference.squared + 2 * product))
    }

    var measure: ErrorMeasure { ErrorMeasure(squared: squaredError, maximum: largestError) }
}
