import ChainArchive
import Checkpoints
import FileSystem

/// The working half of `Watcher`: adds what `RunPoller` hands over, verifies it, and removes what may go.
struct WatchWorker {
    private let runPath: String
    private let archive: String
    private let options: WatchOptions
    private let progress: ProgressHandler?
    private var chain: Chain
    private var remover: SourceRemover
    private var told: Set<String> = []
    /// How often a checkpoint could not be added because it changed, as it was seen to be before.
    private var changes: [RunPoller.Fingerprint: Int] = [:]
    private(set) var result = WatchResult()

    init(run: String, archive: String, options: WatchOptions, progress: ProgressHandler?) throws(VarveError) {
        runPath = run
        self.archive = archive
        self.options = options
        self.progress = progress
        let compression = options.compression
        let method = try compression.stepMethod()
        let base = try compression.base.map { (path) throws(VarveError) in try CheckpointWeights(path) }
        chain = Chain(found: Run(root: run), options: compression, method: method, base: base)
        remover = SourceRemover(
            archive: archive, removal: options.removal ?? SourceRemoval(), method: method,
            comparison: StepComparison(archive: archive, base: base, workers: compression.capacity))
    }

    /// Adds one step, trying again where disk, network or quota refuse.
    /// - Returns: whether it may be handed over once more, when it has settled again.
    mutating func take(_ source: SourceStep, run: Run?) async throws(VarveError) -> Bool {
        var attempt = 0
        while true {
            do throws(VarveError) {
                try await add(source, run: run)
                return false
            } catch  where Self.passes(error) && attempt < options.retries {
                attempt += 1
                let pause = Backoff.pause(options.retryPause, attempt: attempt)
                progress?(.notice("\(error); trying again in \(pause.components.seconds) s"))
                do { try await Task.sleep(for: pause) } catch { throw VarveError(.interrupted, "interrupted") }
            } catch  where error.concernsSource(run: source.root, archive: archive) {
                if error.code == .sourceChanged, isWorthAnotherTry(source.step) {
                    tell("\(source.step.path) changed while it was read; it is taken when it no longer changes")
                    return true
                }
                result.skipped.append(.init(path: source.step.path, reason: error.description))
                progress?(.notice("skipped \(source.step.path): \(error)"))
                return false
            }
        }
    }

    /// Whether a checkpoint that seems to have changed may come again. Not for ever where it always looks the same before.
    private mutating func isWorthAnotherTry(_ step: Step) -> Bool {
        changes[RunPoller.Fingerprint(step), default: 0] += 1
        return changes[RunPoller.Fingerprint(step), default: 0] <= options.retries
    }

    /// Whether an error may pass by itself.
    private static func passes(_ error: VarveError) -> Bool {
        switch error.code {
        case .inputOutput, .noSpace, .locked: true
        default: false
        }
    }

    /// Does what is left to do when no step is missing any more: a watch before this one may have been killed behind the
    /// step that it added last, before it kept the run's own files and removed originals.
    mutating func finish(_ run: Run) async throws(VarveError) {
        guard try Directories.isThere(archive) else { return }  // Nothing ever came.
        let steps = Set(try ArchiveReader(archive).steps)
        guard run.steps.contains(where: { steps.contains($0.number) }) else { return }
        do {
            let writer = try ArchiveWriter(
                archive, writer: "varve \(VarveRelease.version)", wait: options.compression.wait)
            try await RunFilesWriter(
                run: run, writer: writer, extras: options.compression.extras, compressed: steps
            ).write { tell($0) }
        }
        try await removeSources(of: run)
    }

    private mutating func removeSources(of run: Run) async throws(VarveError) {
        guard options.removal != nil else { return }
        for left in try SourceFiles.finishRemovals(of: run, archive: try ArchiveReader(archive)) { tell(left) }
        let outcome = try await remover.remove(from: run, progress: progress)
        result.removed += outcome.removed
        result.removedBytes += outcome.bytes
        for notice in outcome.notices { tell(notice) }
    }

    private mutating func add(_ source: SourceStep, run: Run?) async throws(VarveError) {
        if let run { chain.found = run }
        try await write(source, run: run)
        do throws(VarveError) {
            try await remover.verify(source, progress: progress)
        } catch  where error.code == .sourceChanged {
            // Written over after the step was committed: then there is nothing left to compare with or to remove.
            try await remover.decode(source.step.number, progress: progress)
        }
        if let run { try await removeSources(of: run) }
    }

    /// Everything that needs the archive's lock.
    private mutating func write(_ source: SourceStep, run: Run?) async throws(VarveError) {
        let number = source.step.number
        let writer = try ArchiveWriter(
            archive, writer: "varve \(VarveRelease.version)", wait: options.compression.wait)
        if try !ArchiveReader(archive).stored.contains(number) {
            progress?(.begin(steps: 1, bytes: source.step.byteCount))
            progress?(.step(number: number, path: source.step.path))
            try await suggestBase(source, writer)
            let outcome = try await chain.add(source, to: writer, progress: progress)
            result.added.append(number)
            result.originalBytes += outcome.originalBytes
            result.storedBytes += outcome.storedBytes
            for note in outcome.notes { progress?(.notice("step \(number): \(note)")) }
            progress?(.kept(number: number, outcome.kept))
            progress?(.finished(number: number, original: outcome.originalBytes, stored: outcome.storedBytes))
            chain.keepState(writer, progress)
        }
        guard let run else { return }
        try await RunFilesWriter(
            run: run, writer: writer, extras: options.compression.extras,
            compressed: Set(try ArchiveReader(archive).steps)
        ).write { tell($0) }
    }

    /// Before the archive's first step: whether a base would save something.
    private mutating func suggestBase(_ source: SourceStep, _ writer: ArchiveWriter) async throws(VarveError) {
        guard try ArchiveReader(writer.layout.root).steps.isEmpty else { return }
        let suggestion = BaseSuggestion(
            found: Run(root: source.root), options: options.compression, method: chain.method)
        if let notice = try await suggestion.notice(first: source.step) { tell(notice) }
    }

    /// Says something once.
    private mutating func tell(_ text: String) {
        if told.insert(text).inserted { progress?(.notice(text)) }
    }
}
