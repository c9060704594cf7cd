package import TensorCodecs

/// The method of a step with its settings.
package enum StepMethod: Sendable {
    case excp(ExcpSettings)
    /// `name`: what the user chose, in words.
    case transform(TransformSettings, name: String)
    case lossless

    /// The name in manifests and reports.
    package var name: String {
        switch self {
        case .excp: "excp"
        case .transform(_, let name): "transform \(name)"
        case .lossless: StepManifest.losslessMethod
        }
    }

    package var isLossless: Bool {
        if case .lossless = self { return true }
        return false
    }

    /// Whether weights are quantized at all.
    /// - Parameter keyframe: in a step that builds on nothing.
    package func quantizes(keyframe: Bool) -> Bool {
        switch self {
        case .excp: !keyframe
        case .transform(let settings, _): !keyframe || !settings.exactKeyframes
        case .lossless: false
        }
    }

    /// The squared error that a weight may have, over its squared change since the step before; `nil` if the method
    /// promises none, as `excp` does.
    package var errorBound: Double? {
        switch self {
        case .transform(let settings, _): settings.errorBound
        case .excp: nil
        case .lossless: 0
        }
    }

    /// What the next step builds on.
    package var keptContents: ScratchStore.Contents { isLossless ? .everything : .weights }
}
