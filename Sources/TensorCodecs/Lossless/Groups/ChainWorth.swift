/// Whether a lossless group is worth the steps that must be decoded before it.
///
/// A chain that never ends makes a late step cost what all before it cost. How much a step gains by its predecessor says how
/// long a chain may be: the gain of float32 weights, some 14 %, is worth ten steps. Second moments gain one or two per cent
/// and build on two steps at most, first moments gain nothing and stand alone. bfloat16 weights gain so much that only a
/// keyframe ends their chains.
enum ChainWorth {
    /// A gain, as a share of the bytes, and the length of the chain that it is worth. Other lengths go with its square.
    private static let gain = 0.14
    private static let length = 10.0
    /// What any gain is worth that is no accident of the sample.
    private static let leastGain = 0.003
    private static let leastLength = 2.0

    /// - Parameters:
    ///   - plans: each tensor's, with its predecessors.
    ///   - alone: the same without.
    static func isWorthwhile(
        _ tensors: [LosslessTensor], _ plans: [LosslessPlan], alone: [LosslessPlan]
    ) throws(CodecError) -> Bool {
        var chain = 0, with = 0.0, without = 0.0
        for (index, tensor) in tensors.enumerated() {
            if plans[index].depth > 0 { chain = max(chain, tensor.chainLength + 1) }
            let companion = LosslessEncoder.companion(of: tensor, index, in: tensors)
            with += try size(of: plans[index], tensor, companion)
            without += try size(of: alone[index], tensor, companion)
        }
        let gain = without > 0 ? (without - with) / without : 0
        guard gain >= leastGain else { return false }
        let share = gain / Self.gain
        return Double(chain) <= max(leastLength, length * share * share)
    }

    /// Bytes, judged by a sample where elements are coded as residuals.
    private static func size(
        of plan: LosslessPlan, _ tensor: LosslessTensor, _ companion: LosslessTensor?
    ) throws(CodecError) -> Double {
        guard plan.isResidual else { return Double(plan.planes.count) }
        let trial = LosslessTrial(tensor, plan.format, companion: companion)
        return Double(try trial.size(of: plan)) * Double(plan.count) / Double(max(trial.count, 1))
    }
}
