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
    private let run: String
    private let layout: ArchiveLayout
    private let options: CompressionOptions
    private let part: PartOptions
    private let share: PartShare
    private let progress: ProgressHandler?

    let method: StepMethod
    private var base: CheckpointWeights?
    private var found: Run
    private var result: PartResult
    private let committer: PartCommitter
    /// What the last step left for the next.
    private var last: Last?
    private var spare: ScratchStore?
    /// This worker's parts of steps that are not visible yet.
    private var parts: [Int: OpenStep] = [:]
    /// Steps that are not visible yet, in order.
    private var expected: [Expected] = []

    private struct Expected {
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

    private struct Last {
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

    private func isPlanned(_ number: Int) -> Bool { expected.contains { $0.number == number } }

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
                    "step \(before): its files are not any more what was archived; step \(step.number) builds on the archive's copy of it"
                )
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
    private func usable(
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

    /// The step before, visible or on its way.
    private func before(_ number: Int, _ reader: ArchiveReader) -> Int? {
        let visible = reader.steps.last { $0 < number && reader.forgotten.extent($0) == nil }
        return [visible, expected.map(\.number).filter { $0 < number }.max()].compactMap { $0 }.max()
    }

    /// Plans a step as all workers do; `nil` where that takes what is not there yet.
    private func plan(_ step: Step, _ before: Int?, _ decoder: ChainDecoder) async throws(VarveError) -> PartPlan? {
        var past = PartPlan.Past()
        if let before {
            let open = try decoder.step(before)
            past.before = open
            past.isBuiltOn = try !keyframeIsDue(after: before, decoder)
            if past.isBuiltOn {
                if let contents = originals(of: before, open) {
                    past.weights = FilePreviousWeights(contents)
                    past.originals = OriginalWeights(contents)
                    past.hasOriginals = true
                } else if decoder.archive.stored.contains(before) {
                    past.weights = PastWeights(
                        decoder, open, store: try ScratchStore(directory: layout.root, contents: method.keptContents))
                }
            }
        }
        return try PartPlan(
            SourceStep(step, root: found.root), after: past, base: base, method: method, settings: settings,
            share: share)
    }

    /// The checkpoint of the step before, if its files are there as they were.
    private func originals(of number: Int, _ open: OpenStep) -> StepContents? {
        if let last, last.number == number { return last.contents }
        guard let step = found.steps.first(where: { $0.number == number }) else { return nil }
        let entries = Dictionary(open.manifest.entries.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        for entry in step.entries where entry.identity.kind == .regular {
            guard let known = entries[entry.path], known.byteCount == entry.identity.byteCount,
                known.modified == entry.identity.modified
            else { return nil }
        }
        return try? StepContents.read(step, of: found, known: open.manifest.pairs)
    }

    private func keyframeIsDue(after number: Int, _ decoder: ChainDecoder) throws(VarveError) -> Bool {
        var current = number, length = 1
        while length < keyframeInterval {
            guard case .step(let earlier, _) = try decoder.step(current).manifest.predecessor else { return false }
            guard decoder.archive.stored.contains(earlier) || parts[earlier] != nil else { return false }
            current = earlier
            length += 1
        }
        return true
    }

    /// The cost of a chain shows in all parts of its steps, and a worker goes on when it has its own. So steps are counted.
    private var keyframeInterval: Int { options.keyframeInterval ?? Self.usualKeyframeInterval }

    private static let usualKeyframeInterval = 50

    private var settings: String { "\(method.name), a keyframe every \(keyframeInterval) steps" }

    /// - Throws: `.usage` where another worker's receipt is of a job that contradicts this one.
    private func refuseOtherJob(_ plan: PartPlan, in directory: String) throws(VarveError) {
        for name in try SystemCalls.list(directory) {
            guard let named = PartShare.named(name), named.isReceipt, named.content == .tensors,
                let other = try? Receipt.read(named.share, .tensors, in: directory)
            else { continue }
            guard other.claims.isOtherJob(than: plan.claims),
                let difference = plan.claims.difference(
                    "this \(Receipt.name(share))", from: other.claims, Receipt.name(named.share))
            else { return }
            throw VarveError(
                .usage,
                "step \(plan.number): \(difference). Run it as the others were, or remove what they left with "
                    + "`Archive.discardParts`", file: Paths.join(directory, name))
        }
    }

    private func expect(_ plan: PartPlan, in directory: String) {
        expected.removeAll { $0.number == plan.number }
        expected.append(Expected(plan: plan, directory: directory, isPayloadDone: plan.payload.isEmpty))
    }

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

    private func emptyStore() throws(VarveError) -> ScratchStore {
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

    // MARK: Payload

    /// Makes this worker's payload of those steps whose step before is visible.
    private func writePayload() async throws(VarveError) {
        while let position = expected.firstIndex(where: { !$0.isPayloadDone }) {
            let plan = expected[position].plan, reader = try ArchiveReader(layout.root)
            if let before = plan.past.before?.manifest.number, !reader.stored.contains(before) { return }
            expected[position].isPayloadDone = true
            if reader.stored.contains(plan.number) { continue }
            try await writePayload(plan, of: share, reader)
            try commit()
        }
    }

    /// The same, waiting for what is not there.
    private func finishPayload() async throws(VarveError) {
        while let step = expected.first(where: { !$0.isPayloadDone }), let before = step.plan.past.before {
            guard try await waitUntilVisible(before.manifest.number) else { break }
            try await writePayload()
        }
        if part.patience == 0 { try await helpOut() }
        let left = expected.filter { !$0.isPayloadDone }.map(\.number)
        result.waiting = Set(result.waiting + left).sorted()
    }

    /// Makes what payload other workers owe where nobody waits for anybody: each of them would have to be started again for
    /// every step, only to go on where the step before is visible by now.
    private func helpOut() async throws(VarveError) {
        while let step = expected.first {
            try commit()
            guard expected.first?.number == step.number else { continue }
            let reader = try ArchiveReader(layout.root), missing = try step.missing()
            for index in missing {
                guard let share = PartShare(index: index, count: share.count),
                    !step.plan.dealing.payload[index].isEmpty,
                    try Self.isThere(Paths.join(step.directory, share.receiptName(.tensors)))
                else { return }
                if let before = step.plan.past.before?.manifest.number, !reader.stored.contains(before) { return }
                try await writePayload(step.plan, of: share, reader)
            }
            try commit()
            try await writePayload()
            guard expected.first?.number != step.number else { return }
        }
    }

    private func writePayload(
        _ plan: PartPlan, of share: PartShare, _ reader: ArchiveReader
    ) async throws(VarveError) {
        let directory = layout.stepDirectory(reader.nextVersion(plan.number))
        if let there = try usable(.payload, plan, of: share, in: directory) {
            return note(there, plan.number, wasThere: true)
        }
        let own = plan.dealing.payload[share.index]
        let decoder = ChainDecoder(reader, base: base)
        var index = PayloadIndex()
        for number in reader.steps {
            if let manifest = try? reader.manifest(number) { index.add(manifest) }
        }
        index.limit = plan.number
        let prefixes = try ScratchStore(directory: layout.root, contents: .weights)
        var predecessor: StepEncoder.Predecessor?
        if plan.isBuiltOn, let before = plan.past.before?.manifest.number {
            predecessor = .step(try decoder.step(before), store: prefixes, originals: nil)
        }
        let encoder = try StepEncoder(
            number: plan.number, method: method, predecessor: predecessor, decoder: decoder, index: index)
        let session = StepSession(plan.contents, base: plan.base, plan: plan.plan, encoder: encoder)
        var receipt = Receipt(share: share, content: .payload, claims: plan.claims)
        if let before = predecessor?.step { try await decodePrefixes(plan, own, before, decoder, into: prefixes) }
        try await write(own, of: plan, session, into: &receipt, in: directory)
        _ = try finish(&receipt, plan, in: directory)
    }

    /// Restores the payload of the step before on which this worker's builds.
    private func decodePrefixes(
        _ plan: PartPlan, _ own: [Int], _ before: OpenStep, _ decoder: ChainDecoder, into store: ScratchStore
    ) async throws(VarveError) {
        var blocks: [(entry: Int, block: Int)] = []
        for unit in own.map({ plan.plan.units[$0] }) {
            guard case .payload(let payload) = unit, let entry = payload.prefixEntry else { continue }
            let there = before.manifest.entries[entry].payload
            guard there.indices.contains(payload.block), !there[payload.block].isConstant else { continue }
            blocks.append((entry, payload.block))
        }
        let number = before.manifest.number
        try await OrderedWork.run(blocks, options.capacity) { (block) throws(VarveError) in
            try store.put(
                .payload(entry: block.entry, block: block.block),
                try decoder.payload(entry: block.entry, block: block.block, of: number))
        } consume: { _ in
        }
    }

    // MARK: Parts

    /// Encodes units into a part of their own.
    private func write(
        _ indices: [Int], of plan: PartPlan, _ session: StepSession, into receipt: inout Receipt, in directory: String
    ) async throws(VarveError) {
        guard !indices.isEmpty else { return }
        let units = indices.map { plan.plan.units[$0] }
        progress?(.size(units.reduce(0) { $0 + $1.sourceBytes }))
        let writer = try PartWriter(
            directory: directory, name: PartWriter.token(), index: 0, number: UInt64(plan.number))
        var position = 0
        func consume(_ unit: EncodedUnit) throws(VarveError) {
            var locations: [RecordLocation] = []
            for blob in unit.blobs { locations.append(try writer.append(blob)) }
            receipt.units.append(UnitRecords(unit, index: indices[position], at: locations))
            receipt.sourceBytes += UInt64(unit.sourceBytes)
            position += 1
            progress?(.bytes(unit.sourceBytes))
        }
        if let name = units.first?.name { progress?(.working(name)) }
        try await session.encode(units, options.capacity) { (unit) throws(VarveError) in
            try consume(unit)
            if position < units.count, let name = units[position].name { progress?(.working(name)) }
        }
        try plan.source.checkUnchanged(plan.contents.files)
        guard writer.byteCount > UInt64(PartHeader.size) else { return }
        if try isVisible(plan.number) { return }
        let byteCount = writer.byteCount, share = receipt.share, content = receipt.content
        let written: (name: String, hash: Hash128)
        do throws(VarveError) {
            written = try writer.commit(named: { share.partName(content, $0) })
        } catch  where error.code == .notFound {
            // Somebody else has finished the step, and cleared what it needs no more.
            guard try isVisible(plan.number) else { throw error }
            return
        }
        try Directories.sync(directory)
        receipt.part = StepManifest.Part(name: written.name, byteCount: byteCount)
        receipt.partHash = written.hash
    }

    /// Writes the receipt.
    /// - Returns: `false` where the step has become visible meanwhile.
    private func finish(_ receipt: inout Receipt, _ plan: PartPlan, in directory: String) throws(VarveError) -> Bool {
        if try isVisible(plan.number) { return false }
        try receipt.write(in: directory)
        // What was read again is what the next step, and every other process, knows of it.
        if let read = try Receipt.read(receipt.share, receipt.content, in: directory) { receipt = read }
        note(receipt, plan.number, wasThere: false)
        return true
    }

    private func isVisible(_ number: Int) throws(VarveError) -> Bool {
        try ArchiveReader(layout.root).stored.contains(number)
    }

    private func note(_ receipt: Receipt, _ number: Int, wasThere: Bool) {
        let stored = receipt.part?.byteCount ?? 0
        if let index = result.steps.firstIndex(where: { $0.number == number }) {
            result.steps[index].originalBytes += receipt.sourceBytes
            result.steps[index].storedBytes += stored
        } else {
            result.steps.append(
                .init(
                    number: number, originalBytes: receipt.sourceBytes, storedBytes: stored, wasThere: wasThere))
        }
        if receipt.content == .tensors {
            progress?(.finished(number: number, original: receipt.sourceBytes, stored: stored))
        }
    }

    // MARK: Committing, waiting

    /// Makes steps visible whose receipts are all there.
    private func commit() throws(VarveError) {
        guard part.commits else { return }
        while let next = expected.first {
            let reader = try ArchiveReader(layout.root)
            if !reader.stored.contains(next.number) {
                guard try next.missing().isEmpty else { return }
                guard let outcome = try committer.commit(next.number, count: share.count) else { return }
                result.committed.append(next.number)
                for note in outcome { tell("step \(next.number): \(note)") }
            }
            expected.removeFirst()
        }
    }

    fileprivate static func isThere(_ path: String) throws(VarveError) -> Bool {
        do throws(VarveError) {
            _ = try FileIdentity(path: path)
            return true
        } catch  where error.code == .notFound {
            return false
        }
    }

    /// Waits until a step is visible, as long as patience lasts, and commits it if nobody else does.
    private func waitUntilVisible(_ number: Int) async throws(VarveError) -> Bool {
        let start = ContinuousClock.now
        var isTold = false, pause = 0.05
        while true {
            try commit()
            if try ArchiveReader(layout.root).stored.contains(number) { return true }
            if Task.isCancelled { throw VarveError(.interrupted, "interrupted") }
            guard ContinuousClock.now - start < .seconds(min(part.patience, 1e9)) else { return false }
            if !isTold, ContinuousClock.now - start > .seconds(5) {
                let missing = try expected.first { $0.number == number }?.missing() ?? []
                let parts = MissingParts(step: number, count: share.count, parts: missing).array
                tell("waits for step \(number)" + (missing.isEmpty ? "" : ", parts \(parts) of \(share.count)"))
                isTold = true
            }
            try? await Task.sleep(for: .seconds(pause))
            pause = min(2, pause * 1.5)
        }
    }

    /// What the run holds beside its steps, once these are all there.
    private func writeRunFiles() async throws(VarveError) {
        guard part.commits, result.waiting.isEmpty, expected.isEmpty else { return }
        let present = Set(try ArchiveReader(layout.root).steps)
        let writer = try committer.writer()
        var notices: [String] = []
        try await RunFilesWriter(run: found, writer: writer, extras: options.extras, compressed: present)
            .write { notices.append($0) }
        for notice in notices { tell(notice) }
    }

    private func tell(_ notice: String) {
        result.notices.append(notice)
        progress?(.notice(notice))
    }

    private func skip(_ skipped: CompressionResult.Skipped) {
        result.skipped.append(skipped)
        progress?(.notice("skipped \(skipped.path): \(skipped.reason)"))
    }
}

extension EncodingUnit {
    fileprivate var sourceBytes: UInt64 {
        if case .payload(let payload) = self { return UInt64(payload.byteCount) }
        return tensors.reduce(0) { $0 + UInt64($1.range.count) }
    }
}
