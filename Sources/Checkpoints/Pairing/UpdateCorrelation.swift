import TensorFiles
import FileSystem

/// How well the change of each weight follows the update direction of each state: one matrix of correlations per shape.
///
/// The residual (weight minus previous weight) and the direction (-first / (sqrt(second) + eps), or -first alone) are
/// sampled at the same positions and normalised; then all products of a shape are taken.
struct UpdateCorrelation {
    /// The most values sampled for one shape, over all its tensors.
    private static let budget = 4 << 20
    /// The most correlations of a table. Where a shape has more weights than fit, they are looked at in parts.
    static let tableLimit = 1 << 24

    let tensors: StepTensors
    let previous: any PreviousWeights

    /// Correlations of some slots (rows) with some weights (columns).
    struct Table {
        var slots: [Int]
        var weights: [Int]
        /// Row by row; 0 where there is nothing to compare.
        var correlation: [Float]
        /// Values compared.
        var count: Int
        /// Whether a row or column has anything to say.
        var hasDirection: [Bool]
        var hasChange: [Bool]
        /// Columns whose weight stayed exactly as it was.
        var isUnchanged: [Bool]

        subscript(row: Int, column: Int) -> Float { correlation[row * weights.count + column] }
        /// What a correlation by chance amounts to.
        var noise: Float { 1 / Float(max(count, 1)).squareRoot() }

        /// Whether one correlation is larger than another beyond chance: correlations near 1 vary little, so their
        /// area tangents are compared, four standard deviations apart.
        ///
        /// The area tangent is half the logarithm of (1 + r) / (1 - r). Its arguments are compared instead, because the C
        /// library's logarithm is not the same on every machine, and what is decided here is stored.
        func isApart(_ value: Float, _ rival: Float) -> Bool {
            guard count >= 16, value > 0.5 else { return false }
            func odds(_ r: Float) -> Double { (1 + Double(min(r, 0.9999))) / (1 - Double(min(r, 0.9999))) }
            let distance = 8 * (2 / Double(count - 3)).squareRoot()
            return odds(value) > odds(max(rival, 0)) * UpdateCorrelation.exponential(distance)
        }

        /// What the largest of a row's correlations comes to by chance: the advantage that an assignment chosen for
        /// its correlations has over the true one. sqrt(2 ln k / n), the logarithm rounded up.
        var selection: Float {
            let bits = Float(Int.bitWidth - max(weights.count, 1).leadingZeroBitCount)
            return min(1, (1.4 * bits / Float(max(count, 1))).squareRoot())
        }
    }

    /// - Throws: `.inputOutput`, `.sourceChanged`.
    func table(_ slotIndices: [Int], _ slots: [PairingSlot], _ weightIndices: [Int], _ weights: [Weight])
        throws(VarveError) -> Table
    {
        let elements = weightIndices.first.map { weights[$0].tensor.count } ?? 0
        let tensors = max(slotIndices.count, weightIndices.count, 1)
        let runs = TensorSampler.runs(count: elements, limit: max(256, UpdateCorrelation.budget / tensors))
        let count = runs.reduce(0) { $0 + $1.count }

        var table = Table(
            slots: slotIndices, weights: weightIndices,
            correlation: [Float](repeating: 0, count: slotIndices.count * weightIndices.count), count: count,
            hasDirection: [], hasChange: [], isUnchanged: [])
        guard count > 1 else {
            table.hasDirection = slotIndices.map { _ in false }
            table.hasChange = weightIndices.map { _ in false }
            table.isUnchanged = table.hasChange
            return table
        }
        prefetch(slotIndices.map { slots[$0] }, weightIndices.map { weights[$0] }, runs)
        var residuals: [Float] = []
        residuals.reserveCapacity(weightIndices.count * count)
        for index in weightIndices {
            let change = try residual(weights[index], runs)
            table.isUnchanged.append(change.map { $0.allSatisfy { $0 == 0 } } ?? false)
            let unit = change.flatMap { normalised($0) }
            table.hasChange.append(unit != nil)
            residuals += unit ?? [Float](repeating: 0, count: count)
        }
        var directions: [Float] = []
        directions.reserveCapacity(slotIndices.count * count)
        for index in slotIndices {
            let strides = weightIndices.first.map { weights[$0].tensor.strides } ?? []
            let unit = try direction(slots[index], runs, strides).flatMap { normalised($0) }
            table.hasDirection.append(unit != nil)
            directions += unit ?? [Float](repeating: 0, count: count)
        }
        table.correlation = CorrelationProduct.products(
            directions, rows: slotIndices.count, residuals, columns: weightIndices.count, count: count)
        return table
    }

    /// Lets the disk, where it is asked, find all of the small pieces at once, instead of one after the other.
    private func prefetch(_ slots: [PairingSlot], _ weights: [Weight], _ runs: [Range<Int>]) {
        for weight in weights {
            if let file = tensors.file(weight.tensorIndex.file) {
                TensorSampler.prefetch(weight.tensorIndex.tensor, in: file, runs: runs)
            }
            previous.prefetch(weight.name, elementCount: weight.tensor.count, runs: runs)
        }
        for slot in slots {
            for moment in [slot.slot.firstMoment, slot.slot.secondMoment].compactMap({ $0 }) {
                guard let file = tensors.file(moment.file) else { continue }
                TensorSampler.prefetch(moment.tensor, in: file, runs: runs)
            }
        }
    }

    private func residual(_ weight: Weight, _ runs: [Range<Int>]) throws(VarveError) -> [Float]? {
        guard let file = tensors.file(weight.tensorIndex.file), TensorSampler.isReadable(weight.tensor, in: file),
            let before = try previous.sample(weight.name, elementCount: weight.tensor.count, runs: runs)
        else { return nil }
        let now = try TensorSampler.values(of: weight.tensorIndex.tensor, in: file, runs: runs)
        return zip(now, before).map { $0 - $1 }
    }

    /// The direction in which the state moves its parameter; `nil` where there is no first moment to tell.
    private func direction(_ slot: PairingSlot, _ runs: [Range<Int>], _ strides: [Int]) throws(VarveError) -> [Float]? {
        guard let first = try values(slot.slot.firstMoment, runs, strides) else { return nil }
        guard !slot.slot.firstIsUpdate, let second = try values(slot.slot.secondMoment, runs, strides) else {
            return first.map { -$0 }
        }
        let epsilon = Float(slot.hyperparameters.epsilon ?? 1e-8)
        return zip(first, second).map { -$0 / (max($1, 0).squareRoot() + max(epsilon, 1e-12)) }
    }

    private func values(_ tensorIndex: TensorIndex?, _ runs: [Range<Int>], _ strides: [Int]) throws(VarveError)
        -> [Float]?
    {
        guard let tensorIndex, let file = tensors.file(tensorIndex.file) else { return nil }
        let tensor = file.tensors[tensorIndex.tensor]
        guard tensor.strides == strides, let last = runs.last, last.upperBound <= tensor.count,
            TensorSampler.isReadable(tensor, in: file)
        else { return nil }
        return try TensorSampler.values(of: tensorIndex.tensor, in: file, runs: runs)
    }

    /// Length 1; `nil` for a vector of zeros or one with NaN.
    private func normalised(_ values: [Float]) -> [Float]? {
        let sum = values.reduce(0.0) { $0 + Double($1) * Double($1) }
        guard sum.isFinite, sum > 0 else { return nil }
        let scale = Float(1 / sum.squareRoot())
        return values.map { $0 * scale }
    }
}

extension UpdateCorrelation {
    /// e to the power of `x`, 0...4: a series summed in a fixed order, right to 1e-13.
    static func exponential(_ x: Double) -> Double {
        var term = 1.0, sum = 1.0
        for index in 1...40 {
            term *= x / Double(index)
            sum += term
        }
        return sum
    }
}
