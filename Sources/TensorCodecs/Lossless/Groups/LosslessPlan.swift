/// How one tensor of a lossless group is coded, with all that its predictions need: the same for encoder and decoder.
struct LosslessPlan {
    var mode: LosslessMode
    var format: FloatFormat = .f32
    /// Elements.
    var count = 0
    /// Predecessors its decoder needs.
    var depth = 0
    /// Position of the second moment of a first one, or of the tensor that is rounded.
    var companion: Int?
    var value = ValueModel()
    var second = SecondMomentModel()
    var first = FirstMomentModel()
    /// Elements that differ from the predecessor's, in ascending order, where only those are coded.
    var changed: [Int32]?
    /// Of modes `planes` and `bytes`: the coded tensor.
    var planes: ArraySlice<UInt8> = []
    /// The bits below the words of float64.
    var lows: [UInt32] = []

    init(_ mode: LosslessMode) {
        self.mode = mode
    }

    /// Whether its elements are coded in a group.
    var isResidual: Bool { mode == .values || mode == .secondMoment || mode == .firstMoment }

    /// Elements coded in the group.
    var codedCount: Int { changed?.count ?? count }

    /// The matrix's exponents.
    var scale: LogScale {
        get {
            switch mode {
            case .secondMoment: second.scale
            case .firstMoment: first.scale
            default: value.scale
            }
        }
        set {
            switch mode {
            case .secondMoment: second.scale = newValue
            case .firstMoment: first.scale = newValue
            default: value.scale = newValue
            }
        }
    }
}
