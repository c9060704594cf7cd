import ChainArchive
import FileSystem

/// Finds the step size at which a new archive of a run has a given total ratio, by compressing the run on trial.
///
/// Nothing but a trial tells: keyframes, payload and manifests do not shrink with the step size. Trials lie beside the
/// archive in a directory of their own and are removed.
struct RatioSearch {
    let run: String
    let archive: String
    let options: CompressionOptions
    let transform: TransformOptions
    let target: Double

    struct Outcome {
        var stepSize: Double
        var ratio: Double
    }

    /// How far off the ratio may be.
    static let tolerance = 0.03
    /// What the search is content with, so that it ends well inside.
    private static let aim = 0.01
    static let mostTrials = 10
    /// Beyond these a step size does harm without saving anything, or costs more than storing exactly.
    private static let smallest = 0.05, largest = 12.0

    /// - Throws: `.usage` where the archive has steps already or no step size leads there, and whatever compressing
    ///   throws.
    func find(progress: ProgressHandler?) async throws(VarveError) -> Outcome {
        if let reader = try? ArchiveReader(archive), !reader.steps.isEmpty {
            throw VarveError(
                .usage,
                "`targetRatio` looks for the step size of a new archive; this one has steps: append with `stepSize`",
                file: archive)
        }
        let trial = trialPath
        if Directories.exists(trial) {
            // Left by an interrupted search; locked while another one is at work.
            _ = try ArchiveWriter(trial, writer: "trial")
            try Directories.remove(trial)
        }
        do throws(VarveError) {
            return try await search(in: trial, progress)
        } catch {
            try? Directories.remove(trial)
            throw error
        }
    }

    private var trialPath: String {
        let (directory, name) = Paths.split(archive)
        return Paths.join(directory, OutputFile.temporaryPrefix + name + "-trial")
    }

    private func search(in trial: String, _ progress: ProgressHandler?) async throws(VarveError) -> Outcome {
        var low: Outcome?, high: Outcome?
        var size = transform.quality.stepSize
        for _ in 0..<Self.mostTrials {
            let found = Outcome(stepSize: size, ratio: try await ratio(size, in: trial))
            progress?(.notice("tried step size \(Self.text(size)): ratio \(Self.text(found.ratio))"))
            if abs(found.ratio / target - 1) <= Self.aim { return found }
            if found.ratio < target { low = found } else { high = found }
            switch (low, high) {
            case (let low?, let high?):
                guard high.stepSize / low.stepSize > 1.001 else { return try closest(low, high) }
                size = Self.between(low, high, target)
            case (let low?, nil):
                guard low.stepSize < Self.largest else { return try judged(low) }
                size = min(Self.largest, low.stepSize * max(1.5, target / low.ratio))
            case (nil, let high?):
                guard high.stepSize > Self.smallest else { return try judged(high) }
                size = max(Self.smallest, high.stepSize * min(0.6, target / high.ratio))
            case (nil, nil):
                break
            }
        }
        return try closest(low, high)
    }

    /// A straight line through both in logarithms, kept away from the ends.
    private static func between(_ low: Outcome, _ high: Outcome, _ target: Double) -> Double {
        // Ratios grow with a power of the step size between two points.
        var (left, right) = (low.stepSize, high.stepSize)
        let share = (target - low.ratio) / (high.ratio - low.ratio)
        let guess = left + (right - left) * max(0.05, min(0.95, share))
        (left, right) = (left * 1.0001, right / 1.0001)
        return max(left, min(right, guess))
    }

    private func closest(_ low: Outcome?, _ high: Outcome?) throws(VarveError) -> Outcome {
        let both = [low, high].compactMap { $0 }
        let best = both.min { abs($0.ratio / target - 1) < abs($1.ratio / target - 1) }
        return try judged(best ?? Outcome(stepSize: transform.quality.stepSize, ratio: 0))
    }

    /// - Throws: `.usage` with the reason where the ratio is off: what was asked for cannot be had, so nothing is
    ///   written that only resembles it.
    private func judged(_ found: Outcome) throws(VarveError) -> Outcome {
        guard abs(found.ratio / target - 1) > Self.tolerance else { return found }
        let reached = "\(Self.text(found.ratio)) at step size \(Self.text(found.stepSize))"
        throw VarveError(
            .usage,
            found.ratio < target
                ? "no step size gives ratio \(Self.text(target)): keyframes, payload and what is exact leave \(reached); "
                    + "nothing was written"
                : "no step size gives so small a ratio as \(Self.text(target)): it is \(reached); nothing was written",
            file: archive)
    }

    private func ratio(_ size: Double, in trial: String) async throws(VarveError) -> Double {
        var options = options, transform = transform
        transform.stepSize = size
        transform.targetRatio = nil
        options.method = .transform(transform)
        options.suggestsBase = false
        options.state = nil
        _ = try await Compressor(run: run, archive: trial, options: options).compress()
        let ratio = try Reporter(archive: trial).report().total.ratio
        try Directories.remove(trial)
        return ratio
    }

    static func text(_ value: Double) -> String {
        let hundredths = (value * 100).rounded() / 100
        return "\(hundredths)"
    }
}
