import ChainArchive
import Checkpoints
import TensorCodecs
import FileSystem

/// Compresses the checkpoints of a run into an archive.
package struct Compressor: Sendable {
    /// The run's directory, or a single checkpoint.
    package let run: String
    /// The archive's directory; made where there is none, appended to where there is one.
    package let archive: String
    package let options: CompressionOptions

    package init(run: String, archive: String, options: CompressionOptions = CompressionOptions()) {
        self.run = run
        self.archive = archive
        self.options = options
    }

    /// Adds every complete step of the run that the archive does not have yet, in ascending order.
    ///
    /// A step becomes visible in the archive when all of it is on disk; whatever interrupts the work, the steps added
    /// before stay and the next call goes on from there.
    /// - Returns: what was added, and what was skipped and why.
    /// - Throws: `.usage` (nothing like a checkpoint, options out of range), `.notFound`, `.locked`, `.noSpace`,
    ///   `.damaged` (the archive that should be appended to), `.interrupted`, `.inputOutput`.
    package func compress(progress: ProgressHandler? = nil) async throws(VarveError) -> CompressionResult {
        try ArchiveLocation.check(archive: archive, of: run)
        if let state = options.state { try ArchiveLocation.check(state: state, of: run) }
        var searched: [String] = []
        var options = options
        if case .transform(var transform) = options.method, let target = transform.targetRatio {
            let found = try await RatioSearch(
                run: run, archive: archive, options: options, transform: transform, target: target
            ).find(progress: progress)
            transform.stepSize = found.stepSize
            options.method = .transform(transform)
            searched = ["step size \(RatioSearch.text(found.stepSize)) for ratio \(RatioSearch.text(target))"]
            for notice in searched { progress?(.notice(notice)) }
        }
        let method = try options.stepMethod()
        let found = try Run.discover(run)
        var result = CompressionResult(
            added: [], present: [], skipped: [], notices: searched + found.warnings, originalBytes: 0, storedBytes: 0)
        for notice in found.warnings { progress?(.notice(notice)) }
        for skipped in found.skipped {
            skip(.init(path: skipped.path, reason: skipped.reason.description), &result, progress)
        }

        let base = try options.base.map { (path) throws(VarveError) in try CheckpointWeights(path) }
        let writer = try ArchiveWriter(archive, writer: "varve \(VarveRelease.version)", wait: options.wait)
        let reader = try ArchiveReader(archive)
        let present = Set(reader.steps).union(reader.forgotten.numbers)
        let different = try await different(found, from: reader, base: base)
        let replaced = Set(different.filter { options.replaces && $0.isCertain }.map(\.number))
        result.present = found.steps.map(\.number).filter { present.contains($0) && !replaced.contains($0) }
        result.forgotten = result.present.filter { reader.forgotten.extent($0) == .whole }
        for other in different where !replaced.contains(other.number) { skip(other.skipped, &result, progress) }
        let missing = found.steps.filter {
            (!present.contains($0.number) || replaced.contains($0.number)) && options.wants($0.number)
        }
        if reader.steps.isEmpty, options.steps == nil, let first = missing.first {
            let suggestion = BaseSuggestion(found: found, options: options, method: method)
            if let notice = try await suggestion.notice(first: first) { tell(notice, &result, progress) }
        }
        progress?(.begin(steps: missing.count, bytes: missing.reduce(0) { $0 + $1.byteCount }))

        var chain = Chain(found: found, options: options, method: method, base: base)
        for step in missing {
            progress?(.step(number: step.number, path: step.path))
            let isReplaced = replaced.contains(step.number)
            do throws(VarveError) {
                let outcome = try await chain.add(
                    SourceStep(step, root: found.root), isLast: step.number == missing.last?.number,
                    replacing: isReplaced, to: writer, progress: progress)
                take(outcome, of: step.number, isReplaced: isReplaced, &result, progress)
            } catch  where error.concernsSource(run: run, archive: archive) {
                skip(.init(path: step.path, reason: error.description), &result, progress)
            }
        }
        chain.keepState(writer, progress)
        try await RunFilesWriter(
            run: found, writer: writer, extras: options.extras,
            compressed: present.union(result.added)
        ).write { tell($0, &result, progress) }
        try lookForMissing(found, &result)
        try await removeOriginals(of: found, method: method, base: base, &result, progress)
        return result
    }

    /// A step was added.
    private func take(
        _ outcome: Chain.Outcome, of number: Int, isReplaced: Bool, _ result: inout CompressionResult,
        _ progress: ProgressHandler?
    ) {
        result.added.append(number)
        result.originalBytes += outcome.originalBytes
        result.storedBytes += outcome.storedBytes
        if isReplaced {
            result.replaced.append(number)
            tell(
                "step \(number) was replaced; the version before stays until `Archive.prune`, and "
                    + "`RestoreOptions.replaced` restores it", &result, progress)
        }
        for note in outcome.notes { tell("step \(number): \(note)", &result, progress) }
        progress?(.kept(number: number, outcome.kept))
        progress?(.finished(number: number, original: outcome.originalBytes, stored: outcome.storedBytes))
    }

    private func tell(_ notice: String, _ result: inout CompressionResult, _ progress: ProgressHandler?) {
        result.notices.append(notice)
        progress?(.notice(notice))
    }

    private func skip(
        _ skipped: CompressionResult.Skipped, _ result: inout CompressionResult, _ progress: ProgressHandler?
    ) {
        result.skipped.append(skipped)
        progress?(.notice("skipped \(skipped.path): \(skipped.reason)"))
    }

    /// A step of the run that is not, or may not be, what the archive holds under its number.
    private struct Different {
        var number: Int
        var skipped: CompressionResult.Skipped
        /// Whether it is seen to be another one, or the archive's is damaged. What could only not be compared (a base is
        /// missing, the disk is full) replaces nothing.
        var isCertain: Bool
    }

    /// Steps that the archive holds and that are not what the run holds under their numbers, and why not.
    ///
    /// A run that was copied has new times and is the same run: files of another time are compared byte by byte.
    private func different(
        _ found: Run, from reader: ArchiveReader, base: CheckpointWeights?
    ) async throws(VarveError) -> [Different] {
        let visible = Set(reader.steps)
        let known = PresentSteps(
            found.steps.filter { visible.contains($0.number) && options.wants($0.number) }, in: reader)
        var comparison = StepComparison(archive: archive, base: base, workers: options.capacity)
        var different = known.others.map { Different(number: $0.number, skipped: $0.skipped, isCertain: true) }
        let touched = Set(known.touched)
        for step in found.steps where touched.contains(step.number) {
            // Without its moments it cannot be compared as a whole; what is forgotten of it is named anyhow.
            guard reader.forgotten.extent(step.number) == nil else { continue }
            let reason: String
            var isCertain = true
            do throws(VarveError) {
                let originals = try OriginalFiles(root: found.root, manifest: try reader.manifest(step.number))
                guard let difference = try await comparison.difference(step: step.number, originals: originals) else {
                    continue
                }
                reason =
                    "the archive has another step \(step.number), which was written earlier "
                    + "(\(difference.description)); `replaces` takes this one instead"
            } catch  where error.code != .interrupted {
                // An old step that does not decode must not keep new ones out of the archive.
                isCertain = error.code == .damaged
                reason =
                    "the archive's step \(step.number) was made from files of another time and cannot be compared with "
                    + "these: \(error.description)" + (isCertain ? "; `replaces` takes these" : "")
            }
            different.append(
                Different(
                    number: step.number, skipped: .init(path: step.path, reason: reason), isCertain: isCertain))
        }
        return different.sorted { $0.number < $1.number }
    }

    /// What of the run the archive does not hold now, and whether that is what was asked for.
    private func lookForMissing(_ found: Run, _ result: inout CompressionResult) throws(VarveError) {
        let shortfall = try RunShortfall(
            found, in: try ArchiveReader(archive), skipped: result.skipped, options: options)
        result.missing = shortfall.missing
        result.isAsAsked = shortfall.isAsAsked
    }

    /// Removes the originals that `options.removal` lets go, each after it was compared with its step.
    private func removeOriginals(
        of found: Run, method: StepMethod, base: CheckpointWeights?, _ result: inout CompressionResult,
        _ progress: ProgressHandler?
    ) async throws(VarveError) {
        guard let removal = options.removal else { return }
        var remover = SourceRemover(
            archive: archive, removal: removal, method: method,
            comparison: StepComparison(archive: archive, base: base, workers: options.capacity))
        let left = try SourceFiles.finishRemovals(of: found, archive: try ArchiveReader(archive))
        let outcome = try await remover.remove(from: found, progress: progress)
        result.removed = outcome.removed
        result.removedBytes = outcome.bytes
        for notice in left + outcome.notices { tell(notice, &result, progress) }
    }
}
