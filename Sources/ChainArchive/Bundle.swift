package import TensorCodecs

/// Parameters quantized and packed together: one large one, or several small ones.
package struct Bundle: Sendable {
    package var settings: ExcpSettings
    package var weights: PartReference
    /// `nil` where no member has moments.
    package var moments: PartReference?

    package init(settings: ExcpSettings, weights: PartReference, moments: PartReference?) {
        self.settings = settings
        self.weights = weights
        self.moments = moments
    }
}
