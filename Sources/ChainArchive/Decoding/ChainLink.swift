import TensorCodecs

/// A tensor as the next step finds it: its restored bytes, and its position in a chain of method `transform`.
struct ChainLink: Sendable {
    private var known: [UInt8]?
    /// `nil` where it was not coded by `transform`.
    let state: TransformState?
    /// Its bytes in the step before, where its coding has those in it (`reachesBack`).
    let earlier: [UInt8]?

    init(bytes: [UInt8], state: TransformState? = nil, earlier: [UInt8]? = nil) {
        known = bytes
        self.state = state
        self.earlier = earlier
    }

    /// The bytes follow from the state, once they are asked for: steps in the middle of a chain need none.
    init(state: TransformState) {
        known = nil
        self.state = state
        earlier = nil
    }

    /// Restored bytes.
    func bytes() throws(CodecError) -> [UInt8] {
        if let known { return known }
        return try state?.weight() ?? []
    }
}
