/// A parameter in training, from a seed: its gradients lie along a few directions that turn slowly, with noise upon
/// them, and AdamW follows them. No function of libm, so the same values everywhere.
public struct DriftingParameter: Sendable {
    public let rows: Int
    public let columns: Int
    /// Row by row.
    public private(set) var weight: [Float]
    public private(set) var first: [Float]
    public private(set) var second: [Float]
    private var random: SplitMix64
    private var left: [Float]
    private var right: [Float]
    private var rowSizes: [Float]
    private var columnSizes: [Float]

    private static let rank = 3
    /// What `first` and `second` are made with.
    public static let beta1 = 0.9
    public static let beta2 = 0.95
    public static let learningRate = 1e-3
    public static let epsilon = 1e-15

    public init(rows: Int, columns: Int, seed: UInt64) {
        (self.rows, self.columns) = (rows, columns)
        var generator = SplitMix64(seed: seed)
        func sizes(_ count: Int) -> [Float] { (0..<count).map { _ in Float(0.25 + generator.uniform() * 2) } }
        func normals(_ count: Int) -> [Float] { (0..<count).map { _ in Float(generator.normal()) } }
        rowSizes = sizes(rows)
        columnSizes = sizes(columns)
        left = normals(rows * Self.rank)
        right = normals(columns * Self.rank)
        weight = normals(rows * columns).map { $0 * 0.05 }
        first = [Float](repeating: 0, count: rows * columns)
        second = first
        random = generator
        for _ in 0..<4 { update() }
    }

    /// Some updates of training: the next checkpoint.
    public mutating func advance(_ updates: Int = 2) {
        for _ in 0..<updates { update() }
    }

    private mutating func update() {
        let rate = Float(Self.learningRate), one = Float(Self.beta1), two = Float(Self.beta2)
        let factors = (0..<Self.rank).map { _ in Float(0.7 + 0.3 * random.normal()) }
        for i in 0..<rows {
            for j in 0..<columns {
                var gradient = Float(random.next() >> 40) * 0x1p-24 - 0.5
                for k in 0..<Self.rank {
                    gradient += factors[k] * left[i * Self.rank + k] * right[j * Self.rank + k]
                }
                gradient *= 1e-2 * rowSizes[i] * columnSizes[j]
                let position = i * columns + j
                first[position] = one * first[position] + (1 - one) * gradient
                second[position] = two * second[position] + (1 - two) * gradient * gradient
                weight[position] -= rate * first[position] / (second[position].squareRoot() + Float(Self.epsilon))
            }
        }
        for index in left.indices { left[index] = 0.98 * left[index] + 0.2 * Float(random.normal()) }
        for index in right.indices { right[index] = 0.98 * right[index] + 0.2 * Float(random.normal()) }
    }
}
