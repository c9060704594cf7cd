package import TensorCodecs

/// Parameters quantized and packed together: one large one, or several small ones.
package struct Bundle: Sendable {
    package enum Method: Sendable, Hashable {
        case excp(ExcpSettings)
        /// - namesRules: whether a member's header may say how its bases are computed (`BasisRule`).
        case transform(namesRules: Bool)

        package enum Name: Sendable, Hashable { case excp, transform }
    }

    package var settings: Method
    /// What the chain builds on: residuals; for `transform` everything that later steps need.
    package var weights: PartReference
    /// `nil` where no member has moments, or what is in `weights` says all about them.
    package var moments: PartReference?

    package init(settings: Method, weights: PartReference, moments: PartReference?) {
        self.settings = settings
        self.weights = weights
        self.moments = moments
    }

    package var method: Method.Name {
        if case .transform = settings { return .transform }
        return .excp
    }

    var namesRules: Bool {
        if case .transform(namesRules: true) = settings { return true }
        return false
    }
}

extension Bundle {
    func write(to writer: inout ManifestWriter) {
        switch settings {
        case .excp(let settings):
            writer.byte(0)
            writer.double(settings.alpha)
            writer.double(settings.beta)
            writer.integer(settings.bits)
            writer.byte(settings.threshold == .element ? 1 : 0)
        case .transform(let namesRules):
            writer.byte(namesRules ? 2 : 1)
        }
        writer.reference(weights)
        writer.byte(moments == nil ? 0 : 1)
        if let moments { writer.reference(moments) }
    }

    /// Version 1 knew `excp` only and did not name it.
    init(from reader: inout ManifestReader, version: UInt16, parts: [StepManifest.Part]) throws(CodecError) {
        switch version == 1 ? 0 : try reader.byte() {
        case 0:
            settings = .excp(
                try ExcpSettings(
                    alpha: try reader.double(), beta: try reader.double(), bits: try reader.integer(),
                    threshold: try reader.byte() == 1 ? .element : .published))
        case 1: settings = .transform(namesRules: false)
        case 2 where version >= 5: settings = .transform(namesRules: true)
        default: throw CodecError(.corrupt, "a bundle of an unknown method")
        }
        weights = try reader.reference(parts: parts)
        moments = try reader.byte() == 1 ? try reader.reference(parts: parts) : nil
    }
}
