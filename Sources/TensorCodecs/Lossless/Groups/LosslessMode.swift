/// How a tensor of a lossless group is coded. Raw values are stored.
enum LosslessMode: UInt8 {
    /// By `ExactCodec`: byte planes, for integers and what has no better prediction.
    case planes = 0
    /// Residuals against `ValueModel`.
    case values = 1
    /// Residuals against `SecondMomentModel`.
    case secondMoment = 2
    /// Residuals with the classes of `FirstMomentModel`.
    case firstMoment = 3
    /// Differences of bytes.
    case bytes = 4
    /// Another tensor of the lossless group, rounded: the half-precision copy of a float32 master.
    case rounded = 5

    /// Predecessors it can build on.
    var deepest: Int {
        switch self {
        case .values: 2
        case .planes, .secondMoment, .bytes: 1
        case .firstMoment, .rounded: 0
        }
    }

    /// Tensors whose residuals are coded together, in this order: first moments need the second ones.
    static let groups: [(mode: LosslessMode, rule: ResidualKernel.Classes)] = [
        (.values, .byPrecision), (.secondMoment, .byContext), (.firstMoment, .byContext),
    ]
}
