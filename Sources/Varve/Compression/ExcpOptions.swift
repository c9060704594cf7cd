import TensorCodecs

/// Settings of the method `excp`: ExCP (Li et al., ICML 2024).
public struct ExcpOptions: Sendable, Hashable {
    /// The pruning threshold of a weight residual.
    public enum Threshold: String, Sendable, Hashable, CaseIterable {
        /// The authors' code: one threshold per tensor, from the mean of the second moment.
        case published
        /// The paper's formula: a threshold per element, from its own second moment.
        case element
    }

    /// Scale of the weight threshold: min(2.5, alpha / sqrt(second moment)) times the median of |residual|.
    public var alpha: Double
    /// Moments are kept where |first| > beta * mean |first| and the weight was kept.
    public var beta: Double
    /// Bits per kept value, 2...8: 2^bits - 1 centres per tensor and role.
    public var bits: Int
    public var threshold: Threshold

    /// The published defaults.
    public init(alpha: Double = 5e-5, beta: Double = 2, bits: Int = 4, threshold: Threshold = .published) {
        self.alpha = alpha
        self.beta = beta
        self.bits = bits
        self.threshold = threshold
    }

    /// The codec's settings.
    /// - Throws: `.usage` for values out of range.
    func settings() throws(VarveError) -> ExcpSettings {
        do throws(CodecError) {
            return try ExcpSettings(
                alpha: alpha, beta: beta, bits: bits, threshold: threshold == .element ? .element : .published)
        } catch {
            throw VarveError(.usage, error.message)
        }
    }
}
