import TensorCodecs

/// The method of a step with its settings.
enum StepMethod: Sendable {
    case excp(ExcpSettings)
    case transform(TransformSettings)

    /// The name in manifests and reports.
    var name: String {
        switch self {
        case .excp: "excp"
        case .transform: "transform"
        }
    }

    /// Whether weights are quantized in a step that builds on nothing.
    var quantizesKeyframes: Bool {
        if case .transform(let settings) = self { return !settings.exactKeyframes }
        return false
    }
}
