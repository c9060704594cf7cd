import ChainArchive
import Checkpoints

extension PairingNote {
    /// How an archive records a pairing.
    init(_ pairing: Pairing) {
        switch pairing {
        case .none: self = .none
        case .named: self = .named
        case .order: self = .order
        case .data: self = .data
        case .inherited: self = .inherited
        case .ambiguous: self = .ambiguous
        }
    }
}
