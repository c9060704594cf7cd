/// On what ground optimizer state was tied to a weight, as recorded in a step.
package enum PairingNote: UInt8, Sendable, Hashable {
    case none = 0
    /// The optimizer names the parameter.
    case named = 1
    /// The only order or shape that fits.
    case order = 2
    /// The data tell.
    case data = 3
    /// As in the step before.
    case inherited = 4
    /// Not tied: coded on its own.
    case ambiguous = 5
}
