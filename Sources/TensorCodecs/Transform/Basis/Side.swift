/// The index of a matrix that a basis acts on.
package enum Side: UInt8, Hashable, Sendable {
    /// The index of the rows: the basis multiplies from the left.
    case left
    /// The index of the columns: the basis multiplies from the right.
    case right
}
