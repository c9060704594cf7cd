package import TensorCodecs

/// Parameters quantized and packed together: one large one, or several small ones.
package struct QuantizedGroup: Sendable {
    package enum Method: Sendable, Hashable {
        case excp(ExcpSettings)
        case transform

        package enum Name: Sendable, Hashable { case excp, transform }
    }

    package var settings: Method
    /// What the chain builds on: residuals; for `transform` everything that later steps need.
    package var weights: RecordLocation
    /// `nil` where no member has moments, or what is in `weights` says all about them.
    package var moments: RecordLocation?

    package init(settings: Method, weights: RecordLocation, moments: RecordLocation?) {
        self.settings = settings
        self.weights = weights
        self.moments = moments
    }

    package var method: Method.Name {
        switch settings {
        case .excp: .excp
        case .transform: .transform
        }
    }
}

extension QuantizedGroup {
    func write(to writer: inout ManifestWriter) {
        switch settings {
        case .excp(let settings):
            writer.byte(0)
            writer.double(settings.alpha)
            writer.double(settings.beta)
            writer.integer(settings.bits)
            writer.byte(settings.threshold == .element ? 1 : 0)
        case .transform:
            writer.byte(1)
        }
        writer.location(weights)
        writer.byte(moments == nil ? 0 : 1)
        if let moments { writer.location(moments) }
    }

    init(from reader: inout ManifestReader, parts: [StepManifest.Part]) throws(CodecError) {
        switch try reader.byte() {
        case 0:
            settings = .excp(
                try ExcpSettings(
                    alpha: try reader.double(), beta: try reader.double(), bits: try reader.integer(),
                    threshold: try reader.byte() == 1 ? .element : .published))
        case 1: settings = .transform
        default: throw CodecError(.corrupt, "a quantized group of an unknown method")
        }
        weights = try reader.location(parts: parts)
        moments = try reader.byte() == 1 ? try reader.location(parts: parts) : nil
    }
}
