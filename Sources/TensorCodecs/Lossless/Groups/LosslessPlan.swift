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

/// The coded elements of a tensor between its bytes and the words of a block.
extension LosslessPlan {
    /// - Parameter range: of the coded elements.
    func loadWords(_ range: Range<Int>, of bytes: [UInt8], to block: ResidualBlock) {
        bytes.withUnsafeBytes { bytes in
            guard let changed else { return WordForm.words(bytes, format, range, to: block.words) }
            for (position, i) in range.enumerated() {
                let element = Int(changed[i])
                WordForm.words(bytes, format, element..<element + 1, to: block.words + position)
            }
        }
    }

    func storeWords(_ range: Range<Int>, from block: ResidualBlock, to bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { bytes in
            guard let changed else { return WordForm.bytes(block.words, format, lows: lows, range, to: bytes) }
            for (position, i) in range.enumerated() {
                let element = Int(changed[i])
                WordForm.bytes(block.words + position, format, lows: lows, element..<element + 1, to: bytes)
            }
        }
    }
}
