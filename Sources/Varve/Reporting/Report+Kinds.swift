import ChainArchive

extension Report {
    /// What bytes are for: the role of a tensor, or payload.
    ///
    /// JSON has the raw values as keys.
    public enum Category: String, Sendable, Hashable, Codable, CodingKeyRepresentable, CaseIterable {
        /// Weights of parameters, and copies of them.
        case weight
        /// First moments.
        case firstMoment
        /// Second moments.
        case secondMoment
        /// Tensors that are neither weights nor moments.
        case other
        /// Whatever lies in no tensor record: other bytes of files, manifests, headers of parts.
        case payload

        init(_ role: TensorRole) {
            self =
                switch role {
                case .weight: .weight
                case .firstMoment: .firstMoment
                case .secondMoment: .secondMoment
                case .other: .other
                }
        }

        /// Whether these are values of parameters that a chain quantizes.
        var isOfParameters: Bool {
            switch self {
            case .weight, .firstMoment, .secondMoment: true
            case .other, .payload: false
            }
        }
    }

    /// How the bytes of a tensor are stored.
    public enum Coding: String, Sendable, Hashable, Codable, CaseIterable {
        /// Bit for bit, without an earlier step.
        case exact
        /// Bit for bit, as what changed since the step before.
        case exactDelta = "exact delta"
        /// Bit for bit as in an earlier step. Nothing is stored.
        case unchanged
        /// Quantized by method `excp`.
        case excp
        /// Quantized by method `transform`.
        case transform
        /// Rounded from a weight that has the same values under another name or in another type.
        case copy
        /// Quantized on its own: a state of the optimizer.
        case state

        init(_ coding: TensorRecord.Coding) {
            self =
                switch coding {
                case .packed(_, _, let depth): depth == 0 ? .exact : .exactDelta
                case .unchanged, .sameAs: .unchanged
                case .excp: .excp
                case .transform: .transform
                case .copy: .copy
                case .state: .state
                }
        }
    }

    /// How optimizer state was tied to its weight.
    public enum Pairing: String, Sendable, Hashable, Codable, CaseIterable {
        /// There is nothing to tie.
        case none
        /// The optimizer names the parameter.
        case named
        /// Only one order or shape fits.
        case order
        /// The values tell.
        case data
        /// As in the step before.
        case inherited
        /// It could not be tied, and is stored on its own.
        case ambiguous

        init(_ note: PairingNote) {
            self =
                switch note {
                case .none: .none
                case .named: .named
                case .order: .order
                case .data: .data
                case .inherited: .inherited
                case .ambiguous: .ambiguous
                }
        }
    }
}

/// What a tensor is for its parameter.
public enum TensorRole: String, Sendable, Hashable, Codable, CaseIterable {
    /// The parameter's weight, or a copy of it.
    case weight
    /// The optimizer's running mean of the gradients.
    case firstMoment
    /// The optimizer's running mean of the squared gradients.
    case secondMoment
    /// Anything else: further optimizer state, buffers, moving averages of weights.
    case other

    init(_ role: Role) {
        self =
            switch role {
            case .weight: .weight
            case .firstMoment: .firstMoment
            case .secondMoment: .secondMoment
            case .other: .other
            }
    }
}
