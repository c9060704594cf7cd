/// What a first moment's size means.
package enum FirstMomentScale: Sendable, Hashable {
    /// The optimizer's settings say how far it will still move the weight.
    case adamUpdate(AdamUpdate)
    /// The settings are not known.
    case unknown
    /// Only its direction counts (Lion takes its sign, Muon makes it orthogonal).
    case direction
}
