import ChainArchive
import Checkpoints
import FileSystem
import TensorCodecs

/// One of several workers that compress a run: its part of every step that the archive lacks.
///
/// It takes no lock but to make a step visible. Of other workers it needs nothing for its tensors, as long as steps are dealt
/// alike: what it builds on it wrote itself. Where they are not (behind a keyframe, or with another number of workers), and for
/// payload, which refers to what all steps before store, it needs the step before to be committed.
package final class PartWorker {
    let run: String
    let layout: ArchiveLayout
    let options: CompressionOptions
    let part: PartOptions
    let share: PartShare
    let progress: ProgressHandler?

    let method: StepMethod
    var base: CheckpointWeights?
    var found: Run
    var result: PartResult
    let committer: PartCommitter
    /// What the last step left for the next.
    var last: Last?
    var spare: ScratchStore?
    /// This worker's parts of steps that are not visible yet.
    var parts: [Int: OpenStep] = [:]
    /// Steps that are not visible yet, in order.
    var expected: [Expected] = []

    struct Expected {
        var plan: PartPlan
        var directory: String
        /// Whether this worker's payload is done, or it has none.
        var isPayloadDone: Bool

        var number: Int { plan.number }

        /// Paths of the receipts of a worker.
        func receipts(of index: Int) -> [String] {
            guard let share = PartShare(index: index, count: plan.share.count) else { return [] }
            return [Paths.join(directory, share.receiptName(.tensors))]
                + (plan.dealing.payload[index].isEmpty ? [] : [Paths.join(directory, share.receiptName(.payload))])
        }

        /// Workers of which a receipt is missing.
        func missing() throws(VarveError) -> [Int] {
            var missing: [Int] = []
            for index in 0..<plan.share.count {
                for path in receipts(of: index) where try !PartWorker.isThere(path) {
                    if missing.last != index { missing.append(index) }
                }
            }
            return missing
        }
    }

    struct Last {
        var number: Int
        var store: ScratchStore
        var contents: StepContents
        var own: Set<TensorIdentity>
        var all: Set<TensorIdentity>
    }

    /// - Throws: `.usage` for options that workers cannot have; as `Archive.compress`.
    package init(
        run: String, archive: String, options: CompressionOptions, part: PartOptions, progress: ProgressHandler?
    ) throws(VarveError) {
        guard let share = PartShare(index: part.index, count: part.count) else {
            throw VarveError(.usage, "there is no part \(part.index) of \(part.count)")
        }
        guard options.removal == nil, !options.replaces else {
            throw VarveError(.usage, "`removal` and `replaces` are not for parts of steps")
        }
        if case .transform(let transform) = options.method, transform.targetRatio != nil {
            throw VarveError(
                .usage, "every part would look for the step size of `targetRatio`; find it once, and name `stepSize`")
        }
        guard options.keyframeInterval ?? 1 >= 1 else {
            throw VarveError(.usage, "`keyframeInterval` must be 1 or more")
        }
        try ArchiveLocation.check(archive: archive, of: run)
        self.run = run
        self.options = options
        self.part = part
        self.share = share
        self.progress = progress
        layout = ArchiveLayout(archive)
        method = try options.stepMethod()
        found = try Run.discover(run)
        base = try options.base.map { (path) throws(VarveError) in try CheckpointWeights(path) }
        result = PartResult(part: share.index, count: share.count)
        committer = PartCommitter(archive: archive, wait: options.wait ?? LockWait(seconds: 600))
    }

    /// Makes this worker's part of every step that the archive lacks.
    package func compress() async throws(VarveError) -> PartResult {
        for notice in found.warnings { tell(notice) }
        for skipped in found.skipped { skip(.init(path: skipped.path, reason: skipped.reason.description)) }
        try committer.makeArchive()
        let reader = try ArchiveReader(layout.root)
        let present = Set(reader.steps).union(reader.forgotten.numbers)
        result.present = found.steps.map(\.number).filter(present.contains)
        let missing = found.steps.filter { !present.contains($0.number) && options.wants($0.number) }
        progress?(.begin(steps: missing.count, bytes: missing.reduce(0) { $0 + $1.byteCount } / UInt64(share.count)))
        for (position, step) in missing.enumerated() {
            progress?(.step(number: step.number, path: step.path))
            do throws(VarveError) {
                guard try await add(step, isLast: position == missing.count - 1) else {
                    result.waiting = missing[position...].map(\.number)
                    break
                }
            } catch  where error.concernsSource(run: run, archive: layout.root) && !isPlanned(step.number) {
                // All workers see the same.
                skip(.init(path: step.path, reason: error.description))
            }
            try await writePayload()
            try commit()
        }
        try await finishPayload()
        try await writeRunFiles()
        if part.commits { try committer.finishCommits() }
        for step in expected.prefix(Self.looksAhead) {
            let missing = try step.missing()
            if !missing.isEmpty {
                result.missing.append(MissingParts(step: step.number, count: share.count, parts: missing))
            }
        }
        return result
    }

    /// Steps of which it is said what they wait for.
    private static let looksAhead = 4

    func isPlanned(_ number: Int) -> Bool { expected.contains { $0.number == number } }

    // MARK: Tensors

    /// Makes the part of a step, but for its payload.
    /// - Returns: `false` where it waits for other parts.
    private func add(_ step: Step, isLast: Bool) async throws(VarveError) -> Bool {
        var isSecondTry = false
        while true {
            do throws(VarveError) {
                return try await addOnce(step, isLast: isLast)
            } catch  where error.code == .originalChanged && !isSecondTry {
                guard let before = last?.number else { throw error }
                isSecondTry = true
                last = nil
                tell(
                    "step \(before): its files are not any more what was archived; step \(step.number) builds on the "
                        + "archive's copy of it")
            }
        }
    }

    private func addOnce(_ step: Step, isLast: Bool) async throws(VarveError) -> Bool {
        var reader = try ArchiveReader(layout.root)
        if reader.stored.contains(step.number) { return true }
        let before = self.before(step.number, reader)
        if let last, !last.contents.isAsItWasRead { self.last = nil }
        if let before, reader.stored.contains(before) { parts = [:] }
        var decoder = decoder(reader)
        guard var plan = try await plan(step, before, decoder) else { return false }
        let directory = try layout.makeStepDirectory(reader.nextVersion(step.number))
        try refuseOtherJob(plan, in: directory)
        expect(plan, in: directory)
        var receipt = try usable(.tensors, plan, of: share, in: directory)
        if let receipt {
            note(receipt, step.number, wasThere: true)
            last = nil
        } else {
            guard let store = try await predecessorStore(&plan, before, &reader, &decoder) else { return false }
            expect(plan, in: directory)
            receipt = try await encode(plan, plan.predecessor(store), decoder, isLast: isLast, in: directory)
        }
        guard let receipt else { return true }
        let digest = before.flatMap { try? decoder.step($0).digest }
        if !isLast {
            parts[step.number] = try StepAssembly.open(plan.frame, receipt, digest: digest, in: directory)
        }
        return true
    }

    /// What an earlier call of this worker left, if that is what this one would make.
    func usable(
        _ content: PartShare.Content, _ plan: PartPlan, of share: PartShare, in directory: String
    ) throws(VarveError) -> Receipt? {
        do throws(VarveError) {
            guard let receipt = try Receipt.read(share, content, in: directory), receipt.claims == plan.claims,
                try receipt.hasPart(in: directory), try !receipt.isDamaged(in: directory)
            else { return nil }
            return receipt
        } catch  where error.code == .damaged || error.code == .unsupported {
            return nil
        }
    }

    private func decoder(_ reader: ArchiveReader) -> ChainDecoder { ChainDecoder(reader, base: base).knowing(parts) }

    /// What a decoder will have of this worker's tensors in the step before; `nil` where other parts are waited for in vain.
    private func predecessorStore(
        _ plan: inout PartPlan, _ before: Int?, _ reader: inout ArchiveReader, _ decoder: inout ChainDecoder
    ) async throws(VarveError) -> ScratchStore? {
        guard let before, plan.isBuiltOn else { return ScratchStore(inMemory: method.keptContents) }
        let wanted = Set(plan.tensors.flatMap { plan.plan.units[$0].tensors }.map(\.identity))
        if let last, last.number == before, wanted.intersection(last.all).isSubset(of: last.own) {
            return last.store
        }
        if !reader.stored.contains(before) {
            // Its own part is enough where it has all of them.
            let own = parts[before].map { Set($0.manifest.tensors.map(\.identity)) } ?? []
            if !wanted.isSubset(of: own) {
                guard try await waitUntilVisible(before) else { return nil }
            }
            reader = try ArchiveReader(layout.root)
            if reader.stored.contains(before) {
                parts = [:]
                decoder = self.decoder(reader)
                let past = try decoder.step(before)
                plan.builds(on: past)
            }
        }
        let store = try emptyStore()
        try await decoder.replay(wanted, of: before, into: store, options.capacity)
        if !plan.past.hasOriginals, let open = plan.past.before {
            let own = plan.tensors.map { plan.plan.units[$0] }
            let predecessor = StepEncoder.Predecessor.step(open, store: store, originals: nil)
            if try plan.isOther(own, StoredWeights(step: open, store: store), { predecessor.hasForm(of: $0) }) {
                try plan.beginChain(after: open)
                // The units are others, and dealt otherwise.
                return ScratchStore(inMemory: method.keptContents)
            }
        }
        return store
    }

    func emptyStore() throws(VarveError) -> ScratchStore {
        defer { spare = nil }
        guard let spare else { return try ScratchStore(directory: layout.root, contents: method.keptContents) }
        spare.clear()
        return spare
    }

    /// Encodes this worker's tensors of a step; `nil` where the step has become visible meanwhile.
    private func encode(
        _ plan: PartPlan, _ predecessor: StepEncoder.Predecessor?, _ decoder: ChainDecoder, isLast: Bool,
        in directory: String
    ) async throws(VarveError) -> Receipt? {
        let store = isLast ? nil : try emptyStore()
        let encoder = try StepEncoder(
            number: plan.number, method: method, predecessor: predecessor, store: store, decoder: decoder)
        let session = StepSession(plan.contents, base: plan.base, plan: plan.plan, encoder: encoder)
        if share.index == 0, let progress {
            for file in plan.plan.outline(plan.contents) { progress(.file(file)) }
        }
        var receipt = Receipt(share: share, content: .tensors, claims: plan.claims)
        if share.index == 0 { receipt.frame = plan.frame }
        receipt.owesPayload = !plan.payload.isEmpty
        receipt.baseHashes = try session.base?.hashes(of: share) ?? [:]
        try await write(plan.tensors, of: plan, session, into: &receipt, in: directory)
        try session.base?.checkUnchanged()
        guard try finish(&receipt, plan, in: directory) else { return nil }
        if let store {
            let all = Set(plan.plan.units.flatMap(\.tensors).map(\.identity))
            let own = Set(plan.tensors.flatMap { plan.plan.units[$0].tensors }.map(\.identity))
            spare = last?.store
            last = Last(number: plan.number, store: store, contents: plan.contents, own: own, all: all)
        }
        return receipt
    }

    func tell(_ notice: String) {
        result.notices.append(notice)
        progress?(.notice(notice))
    }

    private func skip(_ skipped: CompressionResult.Skipped) {
        result.skipped.append(skipped)
        progress?(.notice("skipped \(skipped.path): \(skipped.reason)"))
    }
}
