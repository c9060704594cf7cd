import ChainArchive

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
