import ChainArchive
import Checkpoints
import FileSystem

/// Bytes that lie in no tensor. They may refer to what any earlier step stores, so they wait for the step before.
extension PartWorker {
    /// Makes this worker's payload of those steps whose step before is visible.
    func writePayload() async throws(VarveError) {
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
    func finishPayload() async throws(VarveError) {
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
    func helpOut() async throws(VarveError) {
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

    func writePayload(
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
    func decodePrefixes(
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
}
