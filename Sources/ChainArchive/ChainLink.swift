import TensorCodecs
import TensorFiles

/// A weight as the next step finds it: its restored bytes, and its place in a chain of method `transform`.
struct ChainLink: Sendable {
    private var known: [UInt8]?
    /// `nil` where it was not coded by `transform`.
    let state: TransformState?

    init(bytes: [UInt8], state: TransformState? = nil) {
        known = bytes
        self.state = state
    }

    /// The bytes follow from the state, once they are asked for: steps in the middle of a chain need none.
    init(state: TransformState) {
        known = nil
        self.state = state
    }

    /// Restored bytes.
    func bytes() throws(CodecError) -> [UInt8] {
        if let known { return known }
        return try state?.weight() ?? []
    }
}
