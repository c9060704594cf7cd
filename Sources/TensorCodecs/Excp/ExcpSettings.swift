/// The knobs of the method `excp`, with the published defaults.
package struct ExcpSettings: Sendable, Hashable {
    /// How the pruning threshold of the weights follows the second moment.
    package enum Threshold: UInt8, Sendable, Hashable, CaseIterable {
        /// One threshold per tensor, from the mean of the second moment: the authors' code.
        case published = 0
        /// One per element, from its own second moment: the paper's formula.
        case element = 1
    }

    /// Scale of the weight threshold: alpha / sqrt(second moment) times the median residual.
    package let alpha: Double
    /// Moments are kept above beta times the mean of |first moment|.
    package let beta: Double
    /// 2^bits - 1 centres per role; index 0 is a pruned value.
    package let bits: Int
    package let threshold: Threshold

    /// The factor that the weight threshold's factor never exceeds.
    package static let factorLimit = 2.5

    /// - Throws: `.invalidArgument` unless alpha is positive, beta not negative, both finite, and bits 2...8.
    package init(
        alpha: Double = 5e-5, beta: Double = 2, bits: Int = 4, threshold: Threshold = .published
    ) throws(CodecError) {
        guard alpha > 0, alpha.isFinite else {
            throw CodecError(.invalidArgument, "alpha must be a positive number, not \(alpha)")
        }
        guard beta >= 0, beta.isFinite else {
            throw CodecError(.invalidArgument, "beta must not be negative, as \(beta) is")
        }
        guard (2...8).contains(bits) else { throw CodecError(.invalidArgument, "bits must be 2 to 8, not \(bits)") }
        self.alpha = alpha
        self.beta = beta
        self.bits = bits
        self.threshold = threshold
    }

    private init() {
        (alpha, beta, bits, threshold) = (5e-5, 2, 4, .published)
    }

    /// alpha 5e-5, beta 2, 4 bits, the published threshold.
    package static let published = ExcpSettings()

    /// Centres a role may have: 3 to 255.
    package var centreCount: Int { (1 << bits) - 1 }
}
