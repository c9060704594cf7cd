import ChainArchive

/// How much of what training changed is in a restored step.
///
/// A share is 1 minus the squared error of the restored weights over the squared change of the original ones, summed
/// over all weights: 0.9 since the step before means that nine tenths of what this interval of training did is
/// restored. The rest is not lost to the run, because the next step is stored as the difference to what was restored.
public struct KeptChange: Sendable, Codable, Hashable {
    /// The number of the step before; `nil` if the step builds on none.
    public var before: Int?
    /// The share of the change since the step before; `nil` if there is none or nothing changed.
    public var sinceBefore: Double?
    /// The share of the change since the chain began, at a keyframe or with the base; `nil` as above.
    public var sinceStart: Double?
    /// Weights whose squared error is above the bound that the quality promises, the worst first.
    public var misses: [Miss] = []

    /// A weight that misses the bound.
    public struct Miss: Sendable, Codable, Hashable {
        /// The parameter's name.
        public var name: String
        /// The squared error over the squared change since the step before; `nil` if the weight did not change.
        public var error: Double?
    }

    /// Of a step that builds on none.
    init() {}

    /// - Parameter bound: of squared error over squared change; `nil` if the method has none.
    init(_ manifest: StepManifest, bound: Double?) {
        if case .step(let number, _) = manifest.predecessor { before = StepVersion.number(number) }
        var error = 0.0, change = 0.0, whole = 0.0, isChain = false
        for record in manifest.tensors where record.identity.isWeight && !record.identity.isStranger {
            let statistics = record.statistics
            if case .transform(_, _, true) = record.coding { continue }
            change += statistics.referenceEnergy
            error += statistics.squaredError
            guard !record.coding.isExact else { continue }
            isChain = true
            whole += statistics.changeSinceStart
            guard let bound, statistics.squaredError > bound * statistics.referenceEnergy * Self.slack else { continue }
            let relative = statistics.squaredError / statistics.referenceEnergy
            misses.append(Miss(name: record.name, error: relative.isFinite ? relative : nil))
        }
        misses.sort { ($0.error ?? .infinity, $1.name) > ($1.error ?? .infinity, $0.name) }
        guard !manifest.isKeyframe || isChain else { return }
        sinceBefore = Self.share(error, of: change)
        sinceStart = Self.share(error, of: whole)
    }

    /// The size of the last change is an estimate, to some tenths.
    private static let slack = 2.0

    private static func share(_ error: Double, of change: Double) -> Double? {
        guard change > 0, change.isFinite else { return nil }
        return 1 - error / change
    }
}

extension KeptChange {
    /// What a user should read if a bound is missed: which weights, by how much; `nil` if none is.
    var warning: String? {
        guard let worst = misses.first else { return nil }
        let size =
            worst.error.map { "the squared error is \(Self.figure($0)) times the squared change" }
            ?? "it differs from the original although it did not change"
        let more = misses.count == 1 ? "" : ", and \(misses.count - 1) more weights"
        return Self.beginning + "in \(worst.name) "
            + "(\(size))\(more)"
    }

    private static let beginning = "less than this quality promises is kept of the change since the step before "

    /// Whether a note of a step is such a warning.
    static func isWarning(_ note: String) -> Bool { note.hasPrefix(beginning) }

    private static func figure(_ value: Double) -> String {
        let rounded = (value * 100).rounded() / 100
        return value >= 100 ? String(Int(min(value, 1e15).rounded())) : "\(rounded)"
    }
}
