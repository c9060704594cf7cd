import TensorCodecs

/// Settings of the method `transform`, the default (`Docs/method.md`).
public struct TransformOptions: Sendable, Hashable {
    /// Named step sizes, finest first.
    public enum Quality: String, Sendable, Hashable, CaseIterable {
        /// The loss increase is within noise. Second moments are stored element by element. A weight's squared error is
        /// at most .15 of its squared change.
        case high
        /// The mean loss increase right after restoring is .01 nats or less on the fidelity runs. A weight's squared
        /// error is at most its squared change.
        case balanced
        /// The mean loss increase right after restoring is .06 nats or less on the fidelity runs. A weight's squared
        /// error is at most 8.6 times its squared change.
        case small

        /// The step size that it stands for.
        public var stepSize: Double {
            switch self {
            case .high: 0.6
            case .balanced: 1.56
            case .small: 3.2
            }
        }
    }

    /// How the weights of keyframes are stored.
    public enum Keyframes: String, Sendable, Hashable, CaseIterable {
        /// On a grid far finer than the chain's errors.
        case quantized
        /// Bit for bit.
        case exact
    }

    /// How much computation wide matrices may cost, when compressing and again when restoring.
    public enum Effort: String, Sendable, Hashable, CaseIterable {
        /// Nothing is transformed.
        case low
        /// Matrices with a side of 1024 or more follow fewer directions, found more quickly.
        case normal
        /// Up to 256 directions, found as carefully as those of small matrices.
        case high
    }

    /// How finely the changes of weights are quantized.
    public var quality: Quality
    /// How much computation wide matrices may cost.
    public var effort: Effort
    /// The quantizer's step for a weight's change, in units of its smoothed root mean square change, 0.01 to 100; `nil`
    /// for the quality's own.
    public var stepSize: Double?
    /// How the weights of keyframes are stored.
    public var keyframes: Keyframes
    /// Original bytes over stored bytes that the whole archive should come to; `nil` for none. The step size that leads
    /// there is looked for by compressing on trial. It needs a new archive.
    public var targetRatio: Double?

    /// Options, by default those of quality `balanced`.
    public init(
        quality: Quality = .balanced, stepSize: Double? = nil, keyframes: Keyframes = .quantized,
        targetRatio: Double? = nil, effort: Effort = .normal
    ) {
        self.effort = effort
        self.targetRatio = targetRatio
        self.quality = quality
        self.stepSize = stepSize
        self.keyframes = keyframes
    }

    /// The step sizes that are accepted.
    public static let stepSizes = 0.01...100.0

    /// What was chosen, as manifests keep it: an original is removed only where this is what its user asks for.
    var name: String {
        var text = quality.rawValue
        if let stepSize { text += " q\(stepSize)" }
        if keyframes == .exact { text += ", exact keyframes" }
        if effort != .normal { text += ", effort \(effort.rawValue)" }
        return text
    }

    /// Options by `name`; `nil` for words that it never gives.
    init?(name: String) {
        var parts = name.split(separator: ", ").map(String.init)[...]
        guard let words = parts.popFirst() else { return nil }
        let first = words.split(separator: " ", omittingEmptySubsequences: false)
        guard let quality = first.first.flatMap({ Quality(rawValue: String($0)) }), first.count <= 2 else { return nil }
        self.init(quality: quality)
        if first.count == 2 {
            guard first[1].first == "q", let stepSize = Double(first[1].dropFirst()) else { return nil }
            self.stepSize = stepSize
        }
        if parts.first == "exact keyframes" {
            keyframes = .exact
            parts.removeFirst()
        }
        if let last = parts.popFirst() {
            guard last.hasPrefix("effort "), let effort = Effort(rawValue: String(last.dropFirst(7))) else {
                return nil
            }
            self.effort = effort
        }
        guard parts.isEmpty, self.name == name else { return nil }
    }

    /// The codec's settings.
    /// - Throws: `.usage` for values out of range.
    func settings() throws(VarveError) -> TransformSettings {
        let size = stepSize ?? quality.stepSize
        guard Self.stepSizes.contains(size) else {
            throw VarveError(
                .usage, "the step size must be \(Self.stepSizes.lowerBound) to \(Self.stepSizes.upperBound)")
        }
        var settings = TransformSettings(stepSize: size)
        settings.exactKeyframes = keyframes == .exact
        if !opensBases(stepSize: size) {
            settings.keyframeStepSize = 2.0 / 13
            settings.keyframeMomentStepSize = 1.25
        }
        // Errors must stay small against those of the deltas.
        settings.keyframeStepSize = min(settings.keyframeStepSize, size / 9.5)
        if quality == .high {
            settings.keyframeStepSize = 1.0 / 32
            // An octave: a factor of 1.21 on the fidelity runs, where five quarters came to 1.25.
            settings.secondMomentStepSize = 4
            settings.exponentMoves = .fine
            settings.stateStepSize = 0.25
        }
        if quality == .small { settings.stateStepSize = 1.5 }
        settings.rule = rule(stepSize: size)
        let coarseness = size / Quality.balanced.stepSize
        settings.errorBound = coarseness * coarseness * max(1, coarseness)
        settings.keyframeChanges = 4 * coarseness
        return settings
    }

    private static let coarse = 2.5

    /// Whether the keyframe's first moments open the bases of wide matrices at usual effort, and are stored finely.
    ///
    /// They are worth their bits at the highest quality. And where steps are coarse, hardly anything of an untransformed
    /// first change would be left to learn from.
    private func opensBases(stepSize: Double) -> Bool { quality == .high || stepSize >= Self.coarse }

    /// Of the bases of wide matrices (`Docs/results.md` has what each costs and gains).
    private func rule(stepSize: Double) -> BasisRule {
        let opens = opensBases(stepSize: stepSize)
        return switch effort {
        case .low:
            BasisRule(directionsByEight: 0, firstRounds: 1, laterRounds: 1, opens: opens)
        case .normal:
            BasisRule(directionsByEight: 12, firstRounds: 2, laterRounds: 1, opens: opens, isJoint: true)
        case .high: .original
        }
    }
}
