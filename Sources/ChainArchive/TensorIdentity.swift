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
}
