import ChainArchive
import Checkpoints
import FileSystem
import TensorFiles

/// Says that a run's first step would be smaller as a change of the weights that the run began from, where these are at
/// hand. They are never taken unasked, because a restore then needs them.
struct BaseSuggestion {
    let found: Run
    let options: CompressionOptions
    let method: StepMethod
    /// Of the step, encoded in memory both ways to see what it would save; 0 to say it without figures.
    var sampleBytes: Int

    /// - Parameter sampleBytes: `nil` for a small sample, which is left out where the process's memory has a ceiling.
    init(found: Run, options: CompressionOptions, method: StepMethod, sampleBytes: Int? = nil) {
        (self.found, self.options, self.method) = (found, options, method)
        self.sampleBytes = sampleBytes ?? (options.memory == nil ? 8 << 20 : 0)
    }

    /// What a user should read before the run's first step is stored; `nil` where there is nothing to say.
    ///
    /// - Parameters:
    ///   - step: the first step of a new archive.
    ///   - storedBytes: what it takes without a base, where a sample of `sampleBytes` has told that already.
    /// - Throws: `.interrupted`. Whatever else fails here fails nothing: there is then no such notice.
    func notice(first step: Step, storedBytes: UInt64? = nil) async throws(VarveError) -> String? {
        guard options.base == nil, options.suggestsBase else { return nil }
        for name in NamedBase.names(of: step, in: found) {
            do throws(VarveError) {
                if let text = try await notice(first: step, storedBytes: storedBytes, base: name) { return text }
            } catch  where error.code == .interrupted {
                throw error
            } catch {
                continue
            }
        }
        return nil
    }

    private func notice(
        first step: Step, storedBytes: UInt64?, base name: String
    ) async throws(VarveError) -> String? {
        let location = try BaseLocation(name)
        guard try !isOfTheRun(location) else { return nil }
        let base = try CheckpointWeights(location)
        guard try Self.isClose(base, to: try StepContents.read(step, of: found)) else { return nil }
        var figures = ""
        if sampleBytes > 0 {
            var plain = storedBytes ?? 0
            if storedBytes == nil { plain = try await self.storedBytes(of: step, base: nil) }
            let change = try await self.storedBytes(of: step, base: base)
            guard change < plain else { return nil }
            func ratio(_ stored: UInt64) -> String { Self.text(Double(step.byteCount) / Double(max(1, stored))) }
            figures = " (about \(ratio(change)) times smaller than the original instead of \(ratio(plain)))"
        }
        let foundIn = location.isInHubCache ? "in the local hub cache" : "on this machine"
        return
            "this run began from \(name), which is \(foundIn): `base = \(ShellWord.quoted(name))` would store the first "
            + "step as a change\(figures); a restore then needs \(name)"
    }

    /// Whether the base lies in the run or the run in it: a configuration may name the directory that it was saved to.
    private func isOfTheRun(_ location: BaseLocation) throws(VarveError) -> Bool {
        let directory =
            Directories.exists(location.path) ? location.path : Paths.split(location.path).directory
        if try Directories.lies(directory, in: found.root) { return true }
        return try Directories.lies(found.root, in: directory)
    }

    /// What the whole step would take, judged by a sample.
    private func storedBytes(of step: Step, base: CheckpointWeights?) async throws(VarveError) -> UInt64 {
        var encoder = SampleEncoder(
            found: found, options: options, method: method, base: base, sampleBytes: sampleBytes)
        return try await encoder.measure(step, isKeyframe: true, known: [:], progress: nil).storedBytes
    }

    /// Whether at least half of a step's weights, by elements, are the base's after some training.
    static func isClose(_ base: CheckpointWeights, to contents: StepContents) throws(VarveError) -> Bool {
        let base = base.named(for: contents), step = FilePreviousWeights(contents)
        var close = 0, all = 0
        for parameter in contents.parameters {
            guard let tensorIndex = parameter.weight, let tensor = contents.tensor(tensorIndex)?.tensor else {
                continue
            }
            all += tensor.count
            let runs = sampledRuns(tensor.count)
            guard
                let then = try base.sample(parameter.name, dtype: tensor.dtype, shape: tensor.shape, runs: runs),
                let now = try step.sample(parameter.name, elementCount: tensor.count, runs: runs)
            else { continue }
            var change = 0.0, energy = 0.0
            for (old, new) in zip(then, now) {
                change += (Double(new) - Double(old)) * (Double(new) - Double(old))
                energy += Double(new) * Double(new)
            }
            // Unrelated weights differ by twice their mean square; NaN is close to nothing.
            if change <= energy / 4 { close += tensor.count }
        }
        return close > 0 && 2 * close >= all
    }

    /// All of a small tensor, else sixteen runs of it, evenly spread.
    private static func sampledRuns(_ count: Int) -> [Range<Int>] {
        let length = 64, number = 16
        guard count > length * number else { return count > 0 ? [0..<count] : [] }
        return (0..<number).map { index in
            let start = Int(Double(index) / Double(number - 1) * Double(count - length))
            return start..<start + length
        }
    }

    private static func text(_ ratio: Double) -> String {
        ratio < 9.95 ? "\((ratio * 10).rounded() / 10)" : "\(Int(min(ratio, 1e9).rounded()))"
    }
}
