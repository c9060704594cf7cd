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
    /// - Throws: `.invalidArgument` for a matrix that does not fit or is not of such integers.
    package mutating func learn(_ x: IntegerMatrix, exponent: Int) throws(CodecError) {
        try checkShape(x)
        guard exponent.magnitude <= UInt(SideBasis.exponentLimit) else {
            throw CodecError(.invalidArgument, "values times 2^\(exponent) cannot be learned from")
        }
        if kind == .identity || size == 0 { return }
        try x.check()
        let samples = ScaledMatrix(x, exponent: exponent)
        switch (state, kind) {
        case (.full(var basis), _):
            state = .closed
            basis.learn(products: ExactFactor.gram(samples, transposed: side == .right))
            state = .full(basis)
        case (.tracked(var basis), _):
            state = .closed
            basis.learn(samples, side: side)
            state = .tracked(basis)
        case (.closed, .full):
            let products = ExactFactor.gram(samples, transposed: side == .right)
            if let basis = FullBasis(products: products) { state = .full(basis) }
        case (.closed, .tracked(let directions)):
            if let basis = TrackedBasis(learning: samples, side: side, directions: directions) {
                state = .tracked(basis)
            }
        case (.closed, .identity): break
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
        try apply(x, restoring: false)
    }

    /// What `rotate` made coefficients of: B Y (left) or Y B' (right), rounded to integers.
    /// - Throws: `.invalidArgument` unless `y` fits and holds integers below 2^50.
    package func restore(_ y: IntegerMatrix) throws(CodecError) -> IntegerMatrix {
        try apply(y, restoring: true)
    }

    private func apply(_ x: IntegerMatrix, restoring: Bool) throws(CodecError) -> IntegerMatrix {
        try checkShape(x)
        switch state {
        case .closed: return x
        case .full(let basis):
            try x.check()
            return basis.apply(to: x, side: side, restoring: restoring)
        case .tracked(let basis):
            try x.check()
            return basis.reflector.apply(to: x, side: side, restoring: restoring)
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
