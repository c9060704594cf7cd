import ChainArchive
import Checkpoints
import FileSystem

/// Says what compressing a run would do, and about how large and slow it would be, from a sample that is
/// encoded in memory. Nothing is written.
public struct Estimator: Sendable {
    /// The run's directory, or a single checkpoint.
    public let run: String
    /// The archive that the run would be compressed into.
    public let archive: String
    /// As for compressing.
    public let options: CompressionOptions

    /// Bytes of checkpoints that are encoded at most, unless a single tensor is larger.
    static let sampleBytes = 32 << 20
    private static let leastSteps = 3, mostSteps = 16

    /// - Parameters:
    ///   - run: the run's directory, or a single checkpoint.
    ///   - archive: the archive's directory. It need not exist.
    ///   - options: as for compressing.
    public init(run: String, archive: String, options: CompressionOptions = CompressionOptions()) {
        self.run = run
        self.archive = archive
        self.options = options
    }

    /// Looks through the run, opens every step that would be added, and encodes a sample of the first ones in memory.
    /// - Throws: `.usage` (nothing like a checkpoint, options out of range, a tensor for which `memory` has no room),
    ///   `.notFound`, `.exists` (the archive's place is taken), `.damaged`, `.noMemory`, `.interrupted`, `.inputOutput`.
    ///   Steps that cannot be read are listed as skipped.
    public func estimate(progress: ProgressHandler? = nil) async throws(VarveError) -> Estimate {
        let method = try options.stepMethod()
        let found = try Run.discover(run)
        let base = try options.base.map { (path) throws(VarveError) in try CheckpointWeights(path) }
        let reader = try openArchive()
        var result = Estimate(
            run: run, archive: archive, parameters: 0, values: 0, files: [], steps: [], present: [],
            skipped: found.skipped.map { .init(path: $0.path, reason: $0.reason.description) },
            notices: found.warnings, originalBytes: 0, storedBytes: 0, seconds: 0,
            sample: .init(steps: [], bytes: 0, seconds: 0))
        let visible = Set(reader?.steps ?? [])
        var present = visible.union(reader?.forgotten.numbers ?? [])
        if let reader {
            let known = PresentSteps(found.steps.filter { visible.contains($0.number) }, in: reader)
            for number in known.touched where options.wants(number) {
                result.notices.append(
                    "step \(number): its files are of another time than those in the archive; compressing compares their "
                        + "bytes, and " + (options.replaces ? "takes" : "skips") + " the step if they differ")
            }
            if options.replaces {
                present.subtract(known.others.map(\.number))
            } else {
                result.skipped += known.others.map(\.skipped)
            }
        }
        result.present = found.steps.map(\.number).filter { present.contains($0) }
        result.forgotten = result.present.filter { reader?.forgotten.extent($0) == .whole }
        let missing = found.steps.filter { !present.contains($0.number) && options.wants($0.number) }
        var keyframes = Set<Int>()
        let measured = try await sample(
            missing, keyframes: &keyframes, of: found, reader, method, base, into: &result, progress: progress)
        judge(missing, keyframes: keyframes, by: measured, reader, into: &result)
        if reader?.steps.isEmpty ?? true, options.steps == nil, let first = measured.first {
            let suggestion = BaseSuggestion(
                found: found, options: options, method: method, sampleBytes: Self.sampleBytes / measured.count)
            if let notice = try await suggestion.notice(first: first.step, storedBytes: first.storedBytes) {
                result.notices.append(notice)
            }
        }
        if case .transform(let transform) = options.method, let target = transform.targetRatio {
            result.notices.append(
                "the step size for ratio \(RatioSearch.text(target)) is found by compressing the run on trial, up to "
                    + "\(RatioSearch.mostTrials) times; the estimate is for step size "
                    + RatioSearch.text(transform.quality.stepSize))
        }
        return result
    }

    /// `nil` where there is none yet.
    private func openArchive() throws(VarveError) -> ArchiveReader? {
        do throws(VarveError) {
            return try ArchiveReader(archive)
        } catch  where error.code == .notFound {
            return nil
        } catch  where error.code == .notAnArchive {
            guard try SystemCalls.list(archive).isEmpty else {
                throw VarveError(.exists, "there is a directory that is no archive", file: archive)
            }
            return nil
        }
    }

    /// Encodes a sample of the first steps, and opens the others to see whether they can be read.
    private func sample(
        _ missing: [Step], keyframes: inout Set<Int>, of found: Run, _ reader: ArchiveReader?, _ method: StepMethod,
        _ base: CheckpointWeights?, into result: inout Estimate, progress: ProgressHandler?
    ) async throws(VarveError) -> [SampleEncoder.Measurement] {
        guard let first = missing.first else { return [] }
        // What the first one builds on is encoded before it, from the original where that is still there.
        var plan = KeyframePlan(rule: options.keyframeRule(method), archive: reader)
        let number = plan.isKeyframe(first.number) ? nil : reader?.steps.last { $0 < first.number }
        let before = number.flatMap { number in found.steps.first { $0.number == number } }
        let known = try number.map { (number) throws(VarveError) in try reader?.manifest(number).pairs ?? [:] } ?? [:]
        let largest = max(1, missing.map(\.byteCount).max() ?? 1)
        let fitting = Int(min(UInt64(Self.sampleBytes) / largest, UInt64(Self.mostSteps)))
        let count = min(max(Self.leastSteps, fitting), missing.count + (before == nil ? 0 : 1))
        var encoder = SampleEncoder(
            found: found, options: options, method: method, base: number == nil ? base : nil,
            sampleBytes: Self.sampleBytes / count)
        progress?(
            .begin(
                steps: count,
                bytes: min(
                    UInt64(Self.sampleBytes), largest.multipliedReportingOverflow(by: UInt64(count)).partialValue)))
        var measured: [SampleEncoder.Measurement] = [], tried = 0
        for step in [before].compactMap({ $0 }) + missing {
            if Task.isCancelled { throw VarveError(.interrupted, "interrupted") }
            let isPlanned = step.number != before?.number
            if isPlanned, plan.isKeyframe(step.number) { keyframes.insert(step.number) }
            do throws(VarveError) {
                if measured.count < count, tried < 2 * count {
                    tried += 1
                    progress?(.step(number: step.number, path: step.path))
                    let began = ContinuousClock.now
                    let measurement = try await encoder.measure(
                        step, isKeyframe: measured.isEmpty || keyframes.contains(step.number), known: known,
                        progress: progress)
                    result.sample.steps.append(step.number)
                    result.sample.bytes = result.sample.bytes.addingSaturated(measurement.sampledBytes)
                    result.sample.seconds += SampleEncoder.seconds(.now - began)
                    measured.append(measurement)
                    if isPlanned { plan.take(step.number, measurement.manifest) }
                } else {
                    _ = try StepContents.read(step, of: found, known: known)
                    plan.take(step.number)
                }
            } catch  where error.code != .interrupted && !isPlanned {
                // Only the sample misses it: compressing has it from the archive.
            } catch  where error.concernsSource(run: run, archive: archive) {
                result.skipped.append(.init(path: step.path, reason: error.description))
            }
        }
        return measured
    }

    /// What each step would take, measured or judged by the mean of those that were.
    private func judge(
        _ missing: [Step], keyframes: Set<Int>, by measured: [SampleEncoder.Measurement], _ reader: ArchiveReader?,
        into result: inout Estimate
    ) {
        let unreadable = Set(result.skipped.map(\.path))
        for step in missing where !unreadable.contains(step.path) {
            let isKeyframe = keyframes.contains(step.number), bytes = step.byteCount
            let same = measured.filter { $0.isKeyframe == isKeyframe }
            let own = same.first { $0.step.number == step.number }
            let pace = (same.isEmpty ? measured : same).map { ($0.seconds, $0.step.byteCount) }
            result.seconds += own?.seconds ?? Self.mean(pace) * Double(bytes)
            var share = Self.mean(same.map { (Double($0.storedBytes), $0.step.byteCount) })
            if same.isEmpty {
                share =
                    (isKeyframe ? nil : reader.flatMap(Self.recordedShare))
                    ?? Self.mean(measured.map { (Double($0.storedBytes), $0.step.byteCount) })
            }
            result.steps.append(
                .init(
                    step: step.number, checkpoint: step.path, keyframe: isKeyframe, originalBytes: bytes,
                    storedBytes: own?.storedBytes ?? UInt64(share * Double(bytes)), sampled: own != nil))
        }
        result.originalBytes = result.steps.reduce(0) { $0.addingSaturated($1.originalBytes) }
        result.storedBytes = result.steps.reduce(0) { $0.addingSaturated($1.storedBytes) }
        reckonScratch(by: measured, into: &result)
        // Between keyframes is what most steps will be like.
        guard let typical = measured.last(where: { !$0.isKeyframe }) ?? measured.first else { return }
        (result.layout, result.files) = (typical.layout, typical.outline)
        (result.parameters, result.values) = (typical.parameters, typical.values)
        for measurement in measured {
            for note in measurement.notes { result.notices.append("step \(measurement.step.number): \(note)") }
        }
    }

    /// What the steps leave for one another, while it is worked and afterwards.
    private func reckonScratch(by measured: [SampleEncoder.Measurement], into result: inout Estimate) {
        guard let first = result.steps.first else { return }
        // Of the step before, and of every one that another one follows; no more than two at a time.
        var stores = result.steps.count - 1
        if !first.keyframe { stores += 1 }
        if options.state != nil { stores += 1 }
        let largest = measured.map(\.scratchBytes).max() ?? 0
        result.scratchBytes = largest.multipliedReportingOverflow(by: UInt64(min(2, stores))).partialValue
        if options.state != nil { result.stateBytes = measured.map(\.stateBytes).max() ?? 0 }
    }

    /// For each byte of a checkpoint.
    private static func mean(_ pairs: [(amount: Double, bytes: UInt64)]) -> Double {
        let bytes = pairs.reduce(0) { $0 + Double($1.bytes) }
        return bytes == 0 ? 0 : pairs.reduce(0) { $0 + $1.amount } / bytes
    }

    /// What the archive's last step between keyframes took for each of its bytes.
    private static func recordedShare(_ reader: ArchiveReader) -> Double? {
        for number in reader.steps.reversed() {
            guard let manifest = try? reader.manifest(number) else { return nil }
            guard !manifest.isKeyframe else { continue }
            let bytes = manifest.entries.reduce(UInt64(0)) { $0.addingSaturated($1.isFile ? $1.byteCount : 0) }
            guard let stored = try? ArchiveReader.storedBytes(directory: reader.stepDirectory(number)), bytes > 0
            else { return nil }
            return Double(stored) / Double(bytes)
        }
        return nil
    }
}
