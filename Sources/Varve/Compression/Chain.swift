import ChainArchive
import Checkpoints
import TensorCodecs
import FileSystem

/// The writing end of a chain: adds steps one after the other, each coded against what a decoder has of the one before.
struct Chain {
    struct Outcome {
        var originalBytes: UInt64
        var storedBytes: UInt64
        var notes: [String]
        var kept: KeptChange
    }

    /// The run as it was last looked through.
    var found: Run
    let options: CompressionOptions
    let method: StepMethod
    let base: CheckpointWeights?
    private let rule: KeyframeRule

    /// Of the steps in the archive, for what they store already.
    private var index = PayloadIndex()
    /// What the last step left for the next.
    private var last: StepSession.Remains?
    /// What restoring the step that was added last costs.
    private var cost: (number: Int, cost: ChainCost)?
    /// Steps whose files were seen to be others than when they were archived.
    private var changed: Set<Int> = []
    /// What the step before the last left: its file is used again.
    private var spare: ScratchStore?
    /// Whether the step in work builds on what a former call kept.
    private var usesKeptState = false
    /// Whether what a former call kept was found damaged.
    private var keptStateIsDamaged = false

    init(found: Run, options: CompressionOptions, method: StepMethod, base: CheckpointWeights?) {
        self.found = found
        self.options = options
        self.method = method
        self.base = base
        rule = options.keyframeRule(method)
    }

    /// Compresses one step and commits it.
    ///
    /// What the step before stored exactly is read in its original, as long as that is what it was. A trainer, or whoever
    /// puts a file's old time back, may have changed it unnoticed: then the archive's own copy serves, and that is said.
    ///
    /// What a former call kept of the step before is used likewise, and the archive's own copy where it is damaged.
    /// - Parameters:
    ///   - isLast: whether none will be added after it: then nothing is kept for that one, unless for a later call.
    ///   - replacing: whether the step takes the place of one that the archive has.
    mutating func add(
        _ source: SourceStep, isLast: Bool = false, replacing: Bool = false, to writer: ArchiveWriter,
        progress: ProgressHandler?
    ) async throws(VarveError) -> Outcome {
        if replacing {
            // What it knows of the version before is not of the one that comes.
            index = PayloadIndex()
            cost = nil
            changed.remove(source.step.number)
        }
        while true {
            do throws(VarveError) {
                return try await build(source, isLast: isLast, replacing: replacing, to: writer, progress: progress)
            } catch  where error.code == .originalChanged && usesKeptState {
                keptStateIsDamaged = true
                progress?(.notice("the kept state is damaged, and the archive's steps are decoded again: \(error)"))
            } catch  where error.code == .originalChanged {
                guard let before = last?.contents.step.number else { throw error }
                last = nil
                changed.insert(before)
                progress?(
                    .notice(
                        "step \(before): its files are not any more what was archived; step \(source.step.number) builds "
                            + "on the archive's copy of it"))
            }
        }
    }

    private mutating func build(
        _ source: SourceStep, isLast: Bool, replacing: Bool, to writer: ArchiveWriter, progress: ProgressHandler?
    ) async throws(VarveError) -> Outcome {
        let step = source.step
        usesKeptState = false
        // The last one's store is a file of its own: this one's room is not taken twice.
        if isLast { spare = nil }
        // Exact tensors of the last step are read where they stand. Where something else stands there now, the archive has
        // them.
        if let last, !last.contents.isAsItWasRead { self.last = nil }
        let archive = try ArchiveReader(writer.layout.root)
        let decoder = ChainDecoder(archive, base: base)
        let past = try await past(of: step, decoder, in: writer, progress)
        for number in archive.steps where !index.steps.contains(number) {
            if let manifest = try? decoder.manifest(number) { index.add(manifest) }
        }
        index.limit = step.number
        let session = try StepSession(
            source, after: past, base: base, method: method,
            store: { () throws(VarveError) in try emptyStore(in: writer, isLast: isLast) }, decoder: decoder,
            index: index)
        if let progress { for file in session.plan.outline(session.contents) { progress(.file(file)) } }

        let stepWriter = try writer.begin(step.number, replacing: replacing)
        var manifest = try await encode(session, into: stepWriter.part, progress)
        try source.checkUnchanged(session.contents.files)
        try session.base?.checkUnchanged()
        let kept = KeptChange(manifest, bound: method.errorBound)
        manifest.notes += [kept.warning, manifest.unprovenNote].compactMap { $0 }
        try stepWriter.commit(manifest)
        if replacing {
            try writer.markReplaced(in: ArchiveReader(writer.layout.root))
            // Whatever was read of the archive so far is about the version before.
            index = PayloadIndex()
            cost = nil
        } else {
            try keepCost(of: manifest, in: archive)
        }
        spare = last?.store
        last = session.remains
        return Outcome(
            originalBytes: session.plan.originalBytes, storedBytes: try stepWriter.storedBytes,
            notes: manifest.notes, kept: kept)
    }

    /// Encodes all of a step into a part.
    private func encode(
        _ session: StepSession, into part: PartWriter, _ progress: ProgressHandler?
    ) async throws(VarveError) -> StepManifest {
        let units = session.plan.units
        var manifest = session.manifest
        manifest.baseHashes = try session.base?.hashes() ?? [:]
        manifest.notes = session.notes
        progress?(.size(session.plan.originalBytes))
        if let name = units.first?.name { progress?(.working(name)) }
        var done = 0
        try await session.encode(units, options.capacity) { (unit) throws(VarveError) in
            try manifest.append(unit, to: part)
            progress?(.bytes(unit.sourceBytes))
            done += 1
            if done < units.count, let name = units[done].name { progress?(.working(name)) }
        }
        manifest.tensors.sort { $0.pieces.start < $1.pieces.start }
        return manifest
    }

    /// What the archive has of the step before.
    private mutating func past(
        of step: Step, _ decoder: ChainDecoder, in writer: ArchiveWriter, _ progress: ProgressHandler?
    ) async throws(VarveError) -> StepSession.Past {
        guard let before = decoder.archive.newest(before: step.number) else { return StepSession.Past(before: nil) }
        let open = try decoder.step(before)
        var past = StepSession.Past(before: open.manifest)
        guard try !keyframeIsDue(after: before, in: decoder.archive) else { return past }
        let store = try await restoredStore(of: before, decoder, in: writer, progress)
        past.predecessor = (
            .step(open, store: store, originals: originals(of: before, open)), StoredWeights(step: open, store: store)
        )
        return past
    }

    /// A store for what the next step will build on; `nil` where none comes.
    private func emptyStore(in writer: ArchiveWriter, isLast: Bool) throws(VarveError) -> ScratchStore? {
        let directory = writer.layout.root, contents = method.keptContents
        guard !isLast else {
            // Only a later call may want it, and can do without.
            guard options.state != nil else { return nil }
            return try? ScratchStore(directory: directory, contents: contents, isOptional: true, isForSaving: true)
        }
        guard let spare else {
            return try ScratchStore(directory: directory, contents: contents, isForSaving: options.state != nil)
        }
        spare.clear()
        return spare
    }

    /// Whether the step after `number` begins a new chain.
    private mutating func keyframeIsDue(after number: Int, in archive: ArchiveReader) throws(VarveError) -> Bool {
        var costs = ChainCosts(archive)
        if let cost { costs.keep(cost.cost, of: cost.number) }
        guard let known = try costs.cost(of: number, limit: rule.limit) else { return true }
        cost = (number, known)
        return rule.isDue(after: known)
    }

    /// Remembers what the step that was added costs, so that the next one need not read the chain again.
    private mutating func keepCost(of manifest: StepManifest, in archive: ArchiveReader) throws(VarveError) {
        var before: ChainCost?
        if case .step(let number, _) = manifest.predecessor {
            guard let cost, cost.number == number else { return self.cost = nil }
            before = cost.cost
        }
        cost = (
            manifest.number,
            try ChainCosts.cost(manifest, after: before, file: archive.stepManifest(manifest.number))
        )
    }

    /// The restored tensors and payload of a step: left over from compressing it, kept by a former call, or replayed from
    /// the archive.
    private mutating func restoredStore(
        of number: Int, _ decoder: ChainDecoder, in writer: ArchiveWriter, _ progress: ProgressHandler?
    ) async throws(VarveError) -> ScratchStore {
        if let last, last.contents.step.number == number { return last.store }
        let kept = keptState(of: number, decoder, in: writer, progress)
        usesKeptState = kept != nil
        if kept != nil { try openChain(of: number, decoder) }
        if let kept, kept.number == number { return kept.store }
        let store = try ScratchStore(directory: writer.layout.root, contents: method.keptContents)
        try await decoder.building(on: kept).replay(number, into: store, options.capacity)
        return store
    }

    /// Opens every step that one builds on: nothing new shall build on a step whose parts are gone.
    private func openChain(of number: Int, _ decoder: ChainDecoder) throws(VarveError) {
        var current = number
        while case .step(let earlier, _) = try decoder.step(current).manifest.predecessor,
            decoder.archive.stored.contains(earlier)
        {
            current = earlier
        }
    }

    /// What a former call kept of a step, or of an earlier one; `nil` where there is nothing of use.
    private func keptState(
        of number: Int, _ decoder: ChainDecoder, in writer: ArchiveWriter, _ progress: ProgressHandler?
    ) -> KeptStep? {
        guard let directory = options.state, !keptStateIsDamaged else { return nil }
        do throws(VarveError) {
            return try KeptState(in: directory, of: writer.layout.root).load(number, method.keptContents, decoder)
        } catch {
            progress?(.notice("there is no state to go on from, and the archive's steps are decoded again: \(error)"))
            return nil
        }
    }

    /// Keeps what the last step left for a later call, where that is asked for. If it cannot be kept, that is said.
    mutating func keepState(_ writer: ArchiveWriter, _ progress: ProgressHandler?) {
        guard let directory = options.state else { return }
        let kept = KeptState(in: directory, of: writer.layout.root)
        kept.removeLeftOver()
        guard let last else { return }
        do throws(VarveError) {
            let number = last.contents.step.number
            // A keyframe builds on nothing.
            guard try !keyframeIsDue(after: number, in: ArchiveReader(writer.layout.root)) else { return }
            try kept.save(number, last.store)
            keptStateIsDamaged = false
        } catch {
            guard error.code != .interrupted else { return }
            progress?(.notice("the state for the next step is not kept, and a later call decodes the chain: \(error)"))
        }
    }

    /// The original weights of the step before, if its files are still there as they were.
    private func originals(of number: Int, _ open: OpenStep) -> OriginalWeights? {
        if let last, last.contents.step.number == number { return OriginalWeights(last.contents) }
        guard !changed.contains(number), let step = found.steps.first(where: { $0.number == number }) else {
            return nil
        }
        let entries = Dictionary(open.manifest.entries.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        for entry in step.entries where entry.identity.kind == .regular {
            guard let known = entries[entry.path], known.byteCount == entry.identity.byteCount,
                known.modified == entry.identity.modified
            else { return nil }
        }
        guard let contents = try? StepContents.read(step, of: found, known: open.manifest.pairs) else { return nil }
        return OriginalWeights(contents)
    }
}

extension StepContents {
    /// Whether the files that were opened still hold what they held, under whatever name.
    var isAsItWasRead: Bool {
        files.allSatisfy { (try? $0.source.checkContent()) != nil }
    }
}
