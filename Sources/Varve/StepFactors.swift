import ChainArchive
import TensorCodecs
import TensorFiles

/// How much finer than the model's the step of each weight is: its mean second moment against the model's, to the power
/// -1/4, so that errors are small where the loss is steep.
struct StepFactors {
    /// By name of the weight; nothing where there is no second moment.
    private(set) var factors: [String: Double] = [:]

    /// Means are those of the step before, which encoder and store have at hand; where that step kept none (it was
    /// exact), this step's second moments are looked through first.
    init(_ plan: StepPlan, previous: ScratchStore?) throws(VarveError) {
        var exponents: [(name: String, mean: Double, count: Double)] = []
        let parameters = plan.units.flatMap { unit -> [PlannedParameter] in
            if case .bundle(let parameters) = unit { parameters } else { [] }
        }
        for parameter in parameters where !MatrixForm(parameter.weight.shape).isVector {
            guard let second = parameter.secondMoment else { continue }
            let name = parameter.weight.identity.name
            if let bytes = try previous?.get(.meanExponent(name)), bytes.count == 8 {
                let bits = bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
                exponents.append((name, Double(bitPattern: UInt64(littleEndian: bits)), Double(parameter.count)))
            } else if previous != nil, let format = second.dtype.floatFormat {
                let fitted = TransformEncoder.fit(
                    format.floats(try second.read()), MatrixForm(parameter.weight.shape), first: nil, previous: nil)
                if let fitted { exponents.append((name, fitted.meanExponent, Double(parameter.count))) }
            }
        }
        // The median: embeddings whose rows are rarely touched lie far off and must not move what a step size means.
        let ordered = exponents.sorted { ($0.mean, $0.name) < ($1.mean, $1.name) }
        let half = ordered.reduce(0) { $0 + $1.count } / 2
        var below = 0.0
        let middle = ordered.first {
            below += $0.count
            return below >= half
        }
        guard let centre = middle?.mean else { return }
        for (name, mean, _) in exponents { factors[name] = StepFactor.value(quarterOctaves: mean - centre) }
    }
}
