import TensorCodecs
package import FileSystem

/// Per-weight scale of the step size, relative to the model's median: its mean second moment against the model's, to the
/// power -1/4, so that errors are small where the loss is steep.
package struct QuantizerScales {
    /// By name of the weight; nothing where there is no second moment.
    package private(set) var factors: [String: Double] = [:]

    /// Looks through a sample of rows of every second moment of the step.
    package init(_ parameters: [PlannedParameter]) throws(VarveError) {
        var means: [(name: String, mean: Double, count: Double)] = []
        for parameter in parameters {
            let form = MatrixForm(parameter.weight.shape)
            guard !form.isVector, let second = parameter.secondMoment, !second.isDropped else { continue }
            if let mean = try Self.meanExponent(second, form) {
                means.append((parameter.weight.identity.name, mean, Double(parameter.count)))
            }
        }
        // The median: embeddings whose rows are rarely touched lie far off and must not move what a step size means.
        let ordered = means.sorted { ($0.mean, $0.name) < ($1.mean, $1.name) }
        let half = ordered.reduce(0) { $0 + $1.count } / 2
        var below = 0.0
        let middle = ordered.first {
            below += $0.count
            return below >= half
        }
        guard let centre = middle?.mean else { return }
        for (name, mean, _) in means { factors[name] = QuantizerScale.value(quarterOctaves: mean - centre) }
    }

    /// Elements of a tensor that are looked at.
    private static let sample = 1 << 16

    /// The mean exponent of the sampled rows; `nil` where they hold something that is no second moment.
    private static func meanExponent(_ second: PlannedTensor, _ form: MatrixForm) throws(VarveError) -> Double? {
        guard let format = second.dtype.floatFormat else { return nil }
        let wanted = max(1, sample / form.columns)
        let stride = max(1, form.rows / wanted)
        let width = UInt64(form.columns * format.elementSize)
        var values: [Float] = [], rows = 0
        if stride == 1 {
            values = format.floats(try second.read())
            rows = form.rows
        } else {
            for row in Swift.stride(from: stride / 2, to: form.rows, by: stride) {
                let start = second.range.lowerBound + UInt64(row) * width
                do throws(VarveError) {
                    values += format.floats(try second.source.bytes(at: start, count: Int(width)))
                } catch {
                    throw error.at(tensor: second.identity.name)
                }
                rows += 1
            }
        }
        let fitted = TransformEncoder.fit(
            values, rows: rows, columns: form.columns, first: nil, previous: nil, moves: .fine)
        guard let fitted, !fitted.isZero else { return nil }
        return fitted.meanExponent
    }
}
