/// What an optimizer's own settings say of the change that its next steps will bring.
///
/// The updates of AdamW's kind go the same way for about ten steps and then wander: over K steps of rate lr a weight moves by
/// about lr sqrt(10 K) rms(u), u the update in units of the rate. On fine-tuned and newly trained models the true root mean
/// square change of a tensor was .4 to 4 times that, mostly 1 to 2 (`Docs/results.md`).
package struct ExpectedChange: Sendable, Hashable {
    /// What the update is, in units of the learning rate.
    package enum Update: Sendable, Hashable {
        /// m / (sqrt(v) + epsilon), both corrected for their beginning at zero.
        case adam(beta1: Double, beta2: Double, epsilon: Double)
        /// The momentum itself.
        case momentum
        /// Of the momentum only the sign, or something else of size one.
        case unit
    }

    package var learningRate: Double
    package var update: Update
    /// Steps that the optimizer has taken.
    package var done: Int?
    /// Steps to the next checkpoint.
    package var steps: Int

    package init(learningRate: Double, update: Update, done: Int?, steps: Int) {
        self.learningRate = learningRate
        self.update = update
        self.done = done
        self.steps = steps
    }

    /// A run's first checkpoint may come late; the next one will not be further away than this.
    private static let mostSteps = 1000

    /// The root mean square change of a weight; `nil` if its moments do not tell.
    package func rootMeanSquare(first: MomentTensor?, second: MomentTensor?) -> Double? {
        guard learningRate > 0, learningRate.isFinite, steps > 0 else { return nil }
        let size: Double?
        switch update {
        case .adam(let beta1, let beta2, let epsilon):
            size = adam(first, second, beta1, beta2, epsilon)
        case .momentum:
            size = first.map { Self.rootMeanSquare(of: $0.values) }
        case .unit:
            size = 1
        }
        guard let size, size > 0, size.isFinite else { return nil }
        return learningRate * (10 * Double(min(steps, Self.mostSteps))).squareRoot() * size
    }

    private func adam(
        _ first: MomentTensor?, _ second: MomentTensor?, _ beta1: Double, _ beta2: Double, _ epsilon: Double
    ) -> Double? {
        guard let first, let second, first.values.count == second.values.count else { return nil }
        let firstShare = Self.share(beta1, done), secondShare = Self.share(beta2, done)
        var sum = 0.0
        first.values.withUnsafeBufferPointer { first in
            second.values.withUnsafeBufferPointer { second in
                for index in 0..<first.count where first[index] != 0 {
                    let root = (Double(second[index]) / secondShare).squareRoot()
                    let update = Double(first[index]) / firstShare / (root + epsilon)
                    // No update of Adam's is much larger than the rate; what says so is a second moment that underflowed.
                    let limited = max(-Self.largestUpdate, min(Self.largestUpdate, update))
                    sum += limited * limited
                }
            }
        }
        return (sum / Double(max(1, first.values.count))).squareRoot()
    }

    private static let largestUpdate = 10.0

    /// 1 - beta^steps: how much of a moment is there after so many steps.
    private static func share(_ beta: Double, _ steps: Int?) -> Double {
        guard let steps, steps > 0, beta > 0, beta < 1 else { return 1 }
        var power = 1.0, base = beta, left = steps
        while left > 0 {
            if left & 1 == 1 { power *= base }
            base *= base
            left >>= 1
        }
        return max(1e-6, 1 - power)
    }

    private static func rootMeanSquare(of values: [Float]) -> Double {
        (values.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(1, values.count))).squareRoot()
    }
}
