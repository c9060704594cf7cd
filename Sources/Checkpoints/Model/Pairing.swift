/// On what ground an optimizer state was tied to a parameter.
package enum Pairing: Sendable, Hashable {
    /// There is no state to tie.
    case none
    /// The optimizer itself names the parameter (`param_names`, name-keyed state).
    case named
    /// The only parameter of its shape, or the only order under which every shape fits.
    case order
    /// The weights' change follows this state's update direction better than any other's of the same shape;
    /// the correlation that was seen, -1...1.
    case data(correlation: Double)
    /// Carried over from the step before, whose structure is the same.
    case inherited
    /// Several parameters fit and nothing tells them apart: the state is coded on its own.
    case ambiguous
}
