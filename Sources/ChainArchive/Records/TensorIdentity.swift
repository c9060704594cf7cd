/// What tells a tensor from all others of its step, and finds it again in other steps.
package struct TensorIdentity: Sendable, Hashable {
    package var name: String
    package var role: Role
    package var key: String

    package init(name: String, role: Role, key: String) {
        self.name = name
        self.role = role
        self.key = key
    }

    package static func weight(_ name: String) -> TensorIdentity {
        TensorIdentity(name: name, role: .weight, key: "")
    }

    /// Whether it is a parameter's weight itself, no copy of it.
    package var isWeight: Bool { role == .weight && key.isEmpty }

    /// What a record of the tensor is called where it is a copy of a weight (coding 7): of role weight, with a key.
    package var ofCopy: TensorIdentity {
        if isWeight { return TensorIdentity(name: name, role: .weight, key: "twin") }
        return role == .weight ? self : TensorIdentity(name: name, role: .weight, key: Self.strangerPrefix + key)
    }

    /// What a copy is called where it is stored for itself: `ofCopy` of it is this.
    package var ofOriginal: TensorIdentity {
        guard role == .weight else { return self }
        if key == "twin" { return .weight(name) }
        guard key.hasPrefix(Self.strangerPrefix) else { return self }
        return TensorIdentity(name: name, role: .other, key: String(key.dropFirst(Self.strangerPrefix.count)))
    }

    /// Whether it stands elsewhere than in a model: among an optimizer's state, beside the model.
    package var isStranger: Bool {
        role == .weight && (key.hasPrefix(Self.strangerPrefix) || name.hasPrefix(Self.averagePrefix))
    }

    /// What a tensor is called that is stored like a weight and is none of the model's: an average of weights among an
    /// optimizer's state, in a list beside the model.
    package static func average(_ name: String) -> TensorIdentity { .weight(averagePrefix + name) }

    /// The part that the tensor plays in the checkpoint, for people: a stranger is no weight of a model.
    package var playedRole: Role { isStranger ? .other : role }

    /// The key of a model's half-precision weight whose float32 master is the weight of that name.
    package static let modelCopyKey = "copy"

    /// The key of amsgrad's third tensor.
    package static let maximumKey = "max_exp_avg_sq"

    private static let strangerPrefix = "other:"
    private static let averagePrefix = "average:"
}

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
