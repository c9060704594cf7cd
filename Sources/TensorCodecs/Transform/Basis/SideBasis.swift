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
}
