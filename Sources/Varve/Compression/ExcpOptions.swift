import TensorCodecs

/// Settings of the method `excp`: ExCP (Li et al., ICML 2024).
public struct ExcpOptions: Sendable, Hashable {
    /// How the threshold below which a weight residual becomes zero is found.
    public enum Threshold: String, Sendable, Hashable, CaseIterable {
        /// As in the authors' code: one threshold for each tensor, from the mean of the second moment.
        case published
        /// As in the paper's formula: a threshold for each element, from its own second moment.
        case element
    }

    /// The scale of the weight threshold: min(2.5, alpha / sqrt(second moment)) times the median of |residual|.
    public var alpha: Double
    /// A moment is kept if |first| > beta * mean |first| and the weight's residual was kept.
    public var beta: Double
    /// Bits for each kept value, 2 to 8: a tensor has 2^bits - 1 centroids.
    public var bits: Int
    /// How the threshold of a weight residual is found.
    public var threshold: Threshold

    /// Options, by default the published ones.
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
