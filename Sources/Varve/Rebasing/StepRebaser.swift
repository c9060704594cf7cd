import ChainArchive
import FileSystem
import TensorCodecs

/// Takes steps of an archive again, one after the other: from what it restores of them, as new versions of themselves.
///
/// Each new version is decoded from the disk before the next one is built on it. Of the old ones nothing goes.
struct StepRebaser {
    private let writer: ArchiveWriter
    private let base: CheckpointWeights?
    private let workers: Workers
    /// Decodes the versions that there were at the beginning, whatever has been taken again since.
    private var source: ChainDecoder
    /// What the last step that was taken again left, as the archive has it now.
    private var last: KeptStep?

    init(_ writer: ArchiveWriter, base: CheckpointWeights?, _ workers: Workers) throws(VarveError) {
        self.writer = writer
        self.base = base
        self.workers = workers
        source = ChainDecoder(try ArchiveReader(writer.layout.root), base: base)
    }

    /// Takes a step again.
    /// - Throws: `.unsupported` for a step that does not say how it was made; `.damaged`, `.noSpace`, `.interrupted`,
    ///   `.inputOutput`. The version that is there stays then.
    mutating func rebase(
        _ planned: RebasePlan.Step, _ progress: ProgressHandler?
    ) async throws(VarveError) -> ForgetResult.Rebased {
        let number = planned.number
        let old = try source.step(number)
        let method = try old.manifest.recordedMethod()
        let withMoments = source.archive.hasMoments(of: old.manifest)
        let restored = RestoredStep(
            step: old, store: try emptyStore(for: old.manifest), withMoments: withMoments)
        try await source.restore(number, into: restored.store, withMoments: withMoments, workers)

        let decoder = ChainDecoder(try ArchiveReader(writer.layout.root), base: base)
        let start = try source.step(planned.start).manifest
        let base = try planned.predecessor == nil && planned.isOnBase ? self.base(of: start) : nil
        var predecessor = base.map { StepEncoder.Predecessor.base($0) }
        var hidesMoments = false
        if let before = planned.predecessor {
            // On moments that were forgotten nothing shall build: pruning takes them.
            hidesMoments = decoder.archive.forgotten.extent(before) != nil
            predecessor = try await self.predecessor(before, hidesMoments: hidesMoments, decoder)
        }
        let (plan, taken) = try restored.plan(method, on: predecessor, before: try source.predecessor(of: old))
        let encoder = try StepEncoder(
            number: number, method: method, predecessor: predecessor, decoder: decoder,
            index: try index(of: decoder.archive, before: number), hidesMoments: hidesMoments)

        let stepWriter = try writer.begin(number, replacing: true)
        var manifest = StepManifest(
            number: number, isEpoch: old.manifest.isEpoch, path: old.manifest.path,
            isDirectory: old.manifest.isDirectory, method: old.manifest.method,
            predecessor: predecessor?.link ?? .none, entries: plan.entries, pairs: plan.pairs,
            pruned: withMoments ? nil : .moments)
        manifest.baseHashes = base == nil ? [:] : start.baseHashes
        try await encode(plan, taken, encoder, into: &manifest, stepWriter.part, progress)
        var outcome = outcome(manifest, of: old.manifest)
        manifest.notes = notes(manifest, old.manifest, base == nil ? nil : start, outcome, method)
        try stepWriter.commit(manifest)
        outcome.storedBytes = try stepWriter.storedBytes
        try await check(number, withMoments: withMoments)
        try writer.markReplaced(in: ArchiveReader(writer.layout.root))
        source = source.building(on: KeptStep(number: number, store: restored.store))
        progress?(.kept(number: number, KeptChange(manifest, bound: method.errorBound)))
        progress?(.finished(number: number, original: plan.originalBytes, stored: outcome.storedBytes))
        return outcome
    }

    private func emptyStore(for manifest: StepManifest) throws(VarveError) -> ScratchStore {
        try ScratchStore(directory: writer.layout.root, contents: manifest.keptContents)
    }

    /// The base under the names that a step had for its weights.
    /// - Throws: `.usage` where it is not the one that the step was made with.
    private func base(of start: StepManifest) throws(VarveError) -> CheckpointWeights? {
        // Without one, nothing of the step could have been restored.
        guard let named = base?.named(Set(start.baseHashes.keys)) as? CheckpointWeights else { return nil }
        guard try named.hashes() == start.baseHashes else {
            throw VarveError(
                .usage, "the base is not the one the archive was made with", file: writer.layout.root)
        }
        return named
    }

    /// What a step is coded against: a step that stays, as the archive has it now.
    private func predecessor(
        _ number: Int, hidesMoments: Bool, _ decoder: ChainDecoder
    ) async throws(VarveError) -> StepEncoder.Predecessor {
        let open = try decoder.step(number)
        let step = hidesMoments ? OpenStep(unstored: open.manifest.withoutMoments) : open
        if let last, last.number == number { return .step(step, store: last.store, originals: nil) }
        let store = try emptyStore(for: open.manifest)
        try await decoder.replay(number, into: store, withMoments: !hidesMoments, workers)
        return .step(step, store: store, originals: nil)
    }

    /// The payload that the archive has in steps before one.
    private func index(of archive: ArchiveReader, before number: Int) throws(VarveError) -> PayloadIndex {
        var index = PayloadIndex()
        for step in archive.steps where step < number { index.add(try archive.manifest(step)) }
        index.limit = number
        return index
    }

    private func encode(
        _ plan: StepPlan, _ taken: [any StoredUnit], _ encoder: StepEncoder, into manifest: inout StepManifest,
        _ part: PartWriter, _ progress: ProgressHandler?
    ) async throws(VarveError) {
        progress?(.size(plan.originalBytes))
        var encoded = manifest
        for stored in taken {
            let unit = try stored.unit()
            try encoded.append(unit, to: part)
            progress?(.bytes(unit.sourceBytes))
        }
        let units = plan.units, method = encoder.method
        func cost(_ unit: EncodingUnit) -> Int { UnitCost.encoding(unit, method) }
        try workers.check(units.lazy.map { (needed: cost($0), tensor: $0.name) })
        if let name = units.first?.name { progress?(.working(name)) }
        var done = 0
        try await OrderedWork.run(units, workers, cost: { UnitCost.encoding($0, method) }, held: \.heldBytes) {
            (unit) throws(VarveError) in
            try encoder.encodeUnit(unit)
        } consume: { (unit) throws(VarveError) in
            try encoded.append(unit, to: part)
            progress?(.bytes(unit.sourceBytes))
            done += 1
            if done < units.count, let name = units[done].name { progress?(.working(name)) }
        }
        encoded.tensors.sort { $0.pieces.start < $1.pieces.start }
        manifest = encoded
    }

    /// Decodes the new version from the disk.
    private mutating func check(_ number: Int, withMoments: Bool) async throws(VarveError) {
        let archive = try ArchiveReader(writer.layout.root)
        let decoder = ChainDecoder(archive, base: base).building(on: last)
        let manifest = try decoder.step(number).manifest
        for part in manifest.parts { SystemCalls.dropCache(archive.stepPart(number, part.name)) }
        let store = try emptyStore(for: manifest)
        do throws(VarveError) {
            try await decoder.restore(number, into: store, withMoments: withMoments, workers)
        } catch  where error.code == .damaged {
            throw VarveError(
                .damaged,
                "step \(number) was taken again and does not come back from the disk; the version before is still there, and "
                    + "`RestoreOptions.replaced` restores it", file: error.location.file, tensor: error.location.tensor,
                cause: error)
        }
        last = KeptStep(number: number, store: store)
    }
}

extension ArchiveReader {
    /// Whether moments of a step are all there.
    fileprivate func hasMoments(of manifest: StepManifest) -> Bool {
        manifest.pruned == nil && forgotten.marks[manifest.number]?.pruned == nil
    }
}
