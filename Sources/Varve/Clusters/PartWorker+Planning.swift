import ChainArchive
import Checkpoints
import FileSystem

/// A step as all workers plan it.
extension PartWorker {
    /// The step before, visible or on its way.
    func before(_ number: Int, _ reader: ArchiveReader) -> Int? {
        let visible = reader.steps.last { $0 < number && reader.forgotten.extent($0) == nil }
        return [visible, expected.map(\.number).filter { $0 < number }.max()].compactMap { $0 }.max()
    }

    /// Plans a step as all workers do; `nil` where that takes what is not there yet.
    func plan(_ step: Step, _ before: Int?, _ decoder: ChainDecoder) async throws(VarveError) -> PartPlan? {
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
    func originals(of number: Int, _ open: OpenStep) -> StepContents? {
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

    func keyframeIsDue(after number: Int, _ decoder: ChainDecoder) throws(VarveError) -> Bool {
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

    var settings: String { "\(method.name), a keyframe every \(keyframeInterval) steps" }

    /// - Throws: `.usage` where another worker's receipt is of a job that contradicts this one.
    func refuseOtherJob(_ plan: PartPlan, in directory: String) throws(VarveError) {
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

    func expect(_ plan: PartPlan, in directory: String) {
        expected.removeAll { $0.number == plan.number }
        expected.append(Expected(plan: plan, directory: directory, isPayloadDone: plan.payload.isEmpty))
    }
}
