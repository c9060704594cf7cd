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
}
