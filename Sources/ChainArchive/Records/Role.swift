/// The part a tensor plays for its parameter.
package enum Role: UInt8, Sendable, Hashable, CaseIterable {
    case weight = 0
    case firstMoment = 1
    case secondMoment = 2
    /// Any other tensor: further optimizer state, buffers that no state dict names, EMA copies.
    case other = 3

    /// The name in reports and JSON.
    package var name: String {
        switch self {
        case .weight: "weight"
        case .firstMoment: "firstMoment"
        case .secondMoment: "secondMoment"
        case .other: "other"
        }
    }
}
