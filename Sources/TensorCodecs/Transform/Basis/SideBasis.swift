/// The basis that one side of a matrix is transformed to: the eigenvectors of the decayed covariance of what was decoded
/// before. Encoder and decoder compute it alike, on any machine: what they share are integers, products of integers
/// that no order of addition can change, and plain arithmetic in a fixed order.
package struct SideBasis: Sendable {
    package let size: Int
    package let kind: Kind
    package let side: Side
    private var state: State

    enum State: Sendable {
        case closed
        case full(FullBasis)
        case tracked(TrackedBasis)
    }

    /// What is left of the covariance each time something is learned.
    static let memory = 0.5
    /// Exponents of values must lie between this and its negative.
    package static let exponentLimit = 1 << 16

    /// A basis that has learned nothing yet. It follows at least one direction and at most `size`.
    package init(size: Int, kind: Kind, side: Side) {
        self.init(size: size, kind: kind, side: side, state: .closed)
    }

    init(size: Int, kind: Kind, side: Side, state: State) {
        self.size = size
        if case .tracked(let directions) = kind {
            self.kind = .tracked(directions: max(1, min(directions, size)))
        } else {
            self.kind = kind
        }
        self.side = side
        self.state = state
    }

    /// Whether anything was learned. Before, `rotate` and `restore` are the identity.
    package var isOpen: Bool {
        if case .closed = state { false } else { true }
    }

    /// Takes decoded values into the covariance, which first decays to a half, and finds the directions anew.
    /// - Parameters:
    ///   - x: integers below 2^50.
    ///   - exponent: the values are `x` times 2^exponent; it may differ from call to call.
    ///   - rule: its rounds of iteration.
    /// - Throws: `.invalidArgument` for a matrix that does not fit or is not of such integers.
    package mutating func learn(
        _ x: IntegerMatrix, exponent: Int, _ rule: BasisRule = .original
    ) throws(CodecError) {
        try checkShape(x)
        try x.check()
        try learn(BoundedMatrix(x), exponent: exponent, rule)
    }

    /// The same of a matrix that is known to hold integers.
    /// - Returns: what tracked directions see of it; `nil` where there are none.
    @discardableResult
    mutating func learn(
        _ x: BoundedMatrix, exponent: Int, _ rule: BasisRule
    ) throws(CodecError) -> TrackedBasis.Samples? {
        try checkShape(x.matrix)
        guard exponent.magnitude <= UInt(SideBasis.exponentLimit) else {
            throw CodecError(.invalidArgument, "values times 2^\(exponent) cannot be learned from")
        }
        if kind == .identity || size == 0 { return nil }
        try x.check()
        let samples = ScaledMatrix(x.matrix, exponent: exponent)
        switch (state, kind) {
        case (.full(var basis), _):
            state = .closed
            basis.learn(products: ExactMatrixProduct.gram(samples, transposed: side == .right))
            state = .full(basis)
        case (.closed, .full):
            let products = ExactMatrixProduct.gram(samples, transposed: side == .right)
            if let basis = FullBasis(products: products) { state = .full(basis) }
        case (.tracked, _), (.closed, .tracked):
            return learn(TrackedBasis.Samples(samples, side: side), rule)
        case (.closed, .identity): break
        }
        return nil
    }

    /// Follows samples with tracked directions.
    /// - Returns: what the new directions see of them; `nil` where there are no directions.
    @discardableResult
    mutating func learn(_ samples: TrackedBasis.Samples, _ rule: BasisRule) -> TrackedBasis.Samples? {
        switch (state, kind) {
        case (.tracked(var basis), _):
            state = .closed
            let seen = basis.learn(samples, rounds: Int(rule.laterRounds))
            state = .tracked(basis)
            return seen
        case (.closed, .tracked(let directions)):
            guard
                let (basis, seen) = TrackedBasis.opened(
                    by: samples, directions: directions, rounds: Int(rule.firstRounds))
            else { return nil }
            state = .tracked(basis)
            return seen
        default: return nil
        }
    }

    /// Predicted energy of each direction, a sum of squares of values: 2 log2 of it. Zeros before anything was learned.
    package var energies: [Int32] {
        switch state {
        case .closed: [Int32](repeating: 0, count: size)
        case .full(let basis): basis.energies
        case .tracked(let basis): basis.energies
        }
    }

    /// 2 log2 of the energy of all directions together.
    package var totalEnergy: Int32 {
        switch state {
        case .closed: 0
        case .full(let basis): basis.totalEnergy
        case .tracked(let basis): basis.totalEnergy
        }
    }

    /// The coefficients of `x`: B' X (left) or X B (right), rounded to integers.
    /// - Throws: `.invalidArgument` unless `x` fits and holds integers below 2^50.
    package func rotate(_ x: IntegerMatrix) throws(CodecError) -> IntegerMatrix {
        try x.check()
        var result = BoundedMatrix(x)
        try apply(to: &result, restoring: false)
        return result.matrix
    }

    /// What `rotate` made coefficients of: B Y (left) or Y B' (right), rounded to integers.
    /// - Throws: `.invalidArgument` unless `y` fits and holds integers below 2^50.
    package func restore(_ y: IntegerMatrix) throws(CodecError) -> IntegerMatrix {
        try y.check()
        var result = BoundedMatrix(y)
        try apply(to: &result, restoring: true)
        return result.matrix
    }

    /// Rotates (or restores) a matrix of integers in place.
    /// - Throws: `.invalidArgument` unless it fits and its largest magnitude is below 2^50.
    func apply(to x: inout BoundedMatrix, restoring: Bool) throws(CodecError) {
        try checkShape(x.matrix)
        switch state {
        case .closed: return
        case .full(let basis):
            try x.check()
            basis.apply(to: &x, side: side, restoring: restoring)
        case .tracked(let basis):
            try x.check()
            basis.reflector.apply(to: &x, side: side, restoring: restoring)
        }
    }

    private func checkShape(_ x: IntegerMatrix) throws(CodecError) {
        let found = side == .left ? x.rows : x.columns
        guard found == size else {
            throw CodecError(.invalidArgument, "a basis of \(size) directions does not fit a side of \(found)")
        }
    }

    /// The state, for the coding beside this file.
    var stored: State { state }

    /// How a side is transformed.
    package enum Kind: Hashable, Sendable {
        /// Not at all.
        case identity
        /// Into all eigenvectors.
        case full
        /// Into the leading eigenvectors and any completion of them.
        case tracked(directions: Int)
    }

    /// Shorter sides are left as they are.
    static let smallestSide = 16
    /// Up to here all eigenvectors are computed.
    static let largestFullSide = 256
    /// Longer sides (vocabularies) are left as they are.
    static let largestSide = 8192
    /// Of longer sides a quarter of the directions is followed up to `quarterDirections`, and an eighth beyond.
    static let quarterDirections = 128
    static let mostDirections = 256

    /// What is worth its time for a side of `n`.
    package static func kind(forSide n: Int) -> Kind {
        if n < smallestSide || n > largestSide { return .identity }
        if n <= largestFullSide { return .full }
        return .tracked(directions: min(mostDirections, max(min(quarterDirections, n / 4), n / 8)))
    }
}

extension SideBasis {
    /// Bit-exact state, for a cache that vouches for its bytes.
    package func serialise(into writer: inout ByteWriter) {
        writer.append(varint: size)
        writer.append(side.rawValue)
        switch kind {
        case .identity: writer.append(varint: 0)
        case .full: writer.append(varint: 1)
        case .tracked(let directions): writer.append(varint: 1 + directions)
        }
        writer.append(isOpen ? 1 : 0)
        switch stored {
        case .closed: break
        case .full(let basis): basis.serialise(into: &writer)
        case .tracked(let basis): basis.serialise(into: &writer)
        }
    }

    /// What `serialise` wrote.
    /// - Throws: `.corrupt` for anything it cannot have written.
    package init(from reader: inout ByteReader) throws(CodecError) {
        let size = try reader.readCount(upTo: Int(Int32.max), "size of a basis")
        guard let side = Side(rawValue: try reader.readByte()) else { throw reader.corrupt("no side of a matrix") }
        let code = try reader.readCount(upTo: Int(Int32.max), "kind of a basis")
        let kind: Kind = code == 0 ? .identity : code == 1 ? .full : .tracked(directions: code - 1)
        let open = try reader.readByte()
        guard open <= 1, open == 0 || (kind != .identity && size > 0) else {
            throw reader.corrupt("no state of a basis")
        }
        var state = State.closed
        if open == 1 {
            if case .tracked(let directions) = kind {
                guard directions <= size else { throw reader.corrupt("\(directions) of \(size) directions") }
                state = .tracked(try TrackedBasis(from: &reader, size: size, directions: directions))
            } else {
                state = .full(try FullBasis(from: &reader, size: size))
            }
        }
        self.init(size: size, kind: kind, side: side, state: state)
    }
}

/// The index of a matrix that a basis acts on.
package enum Side: UInt8, Hashable, Sendable {
    /// The index of the rows: the basis multiplies from the left.
    case left
    /// The index of the columns: the basis multiplies from the right.
    case right
}
