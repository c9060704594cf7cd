import ChainArchive
import FileSystem

/// Forgets steps of an archive, brings them back, protects them, and frees their bytes.
///
/// Forgetting only marks: a marked step is no longer listed, restored or added again, and its bytes stay until
/// `prune`. What other steps build on stays also then.
package struct Forgetter: Sendable {
    package let archive: String
    /// How long to wait where another process writes to the archive; `nil`: not at all.
    package var wait: LockWait?

    package init(archive: String, wait: LockWait? = nil) {
        self.archive = archive
        self.wait = wait
    }

    /// Marks steps as forgotten.
    /// - Parameters:
    ///   - dryRun: change nothing, say what would happen.
    ///   - prune: free their bytes at once; nothing brings them back then.
    /// - Throws: `.usage` (a policy that says nothing, contradicts itself or leaves no step, a step that is not there,
    ///   pinned, or has no files of weights that its moments could be taken from), `.notAnArchive`, `.locked`,
    ///   `.damaged`, `.noSpace`, `.permissionDenied`, `.inputOutput`.
    package func forget(
        _ policy: ForgetPolicy, dryRun: Bool = false, prune: Bool = false
    ) throws(VarveError) -> ForgetResult {
        try policy.check()
        let writer = try dryRun ? nil : openForWriting()
        let reader = try opened()
        let (forgotten, marked) = try marks(policy, reader)
        let plan = try PrunePlan(reader, forgotten: forgotten)
        var result = result(plan, reader, forgotten: marked)
        result.notices = try policy.momentsOnly ? [] : repeats(of: marked, reader, forgotten)
        result.dryRun = dryRun
        result.pruned = prune
        guard let writer else {
            if !policy.momentsOnly { try addRebase(of: reader, forgotten, to: &result) }
            return result
        }
        if forgotten != reader.forgotten { try writer.commit(forgotten) }
        if prune { _ = try Pruner(writer).prune() }
        return result
    }

    /// What a rebase would do about the steps that are forgotten already.
    func planned(prune: Bool) throws(VarveError) -> ForgetResult {
        let reader = try opened()
        var result = result(try PrunePlan(reader, forgotten: reader.forgotten), reader, forgotten: [])
        result.dryRun = true
        result.pruned = prune
        try addRebase(of: reader, reader.forgotten, to: &result)
        return result
    }

    private func addRebase(
        of reader: ArchiveReader, _ forgotten: ForgottenSteps, to result: inout ForgetResult
    ) throws(VarveError) {
        let rebase = try RebasePlan(reader, forgotten: forgotten)
        guard !rebase.steps.isEmpty else { return }
        result.rebasable = rebase.steps.map(\.number)
        result.freedBytesWithRebase = try rebase.freedBytes()
    }

    /// What will be marked once a policy holds, and the steps that it marks anew.
    func marks(
        _ policy: ForgetPolicy, _ reader: ArchiveReader
    ) throws(VarveError) -> (forgotten: ForgottenSteps, marked: [Int]) {
        let chosen = try policy.selected(from: reader.steps, pins: reader.forgotten.pins)
        let extent: ForgottenSteps.Extent = policy.momentsOnly ? .moments : .whole
        var forgotten = reader.forgotten
        var marked: [Int] = []
        for step in chosen where forgotten.extent(step) != extent {
            if policy.momentsOnly { try checkWeights(of: step, reader) }
            forgotten.marks[step] = .init(extent, pruned: forgotten.marks[step]?.pruned)
            marked.append(step)
        }
        return (forgotten, marked)
    }

    /// Frees the bytes of what was forgotten, as far as no remaining step needs them.
    /// - Throws: `.damaged` where a remaining step misses something: nothing is taken from such an archive. Else as
    ///   `forget`.
    package func prune(dryRun: Bool = false) throws(VarveError) -> ForgetResult {
        let writer = try dryRun ? nil : openForWriting()
        let reader = try opened()
        var result = result(try PrunePlan(reader, forgotten: reader.forgotten), reader, forgotten: [])
        result.dryRun = dryRun
        result.pruned = true
        if let writer { _ = try Pruner(writer).prune() }
        return result
    }

    /// Takes marks back.
    /// - Parameter steps: those to bring back; all that can be where it is empty.
    /// - Returns: the steps that are there again, wholly or with their moments.
    /// - Throws: `.usage` for a step that is not forgotten, or pruned.
    package func undo(steps: [ClosedRange<Int>] = []) throws(VarveError) -> [Int] {
        let writer = try openForWriting()
        var forgotten = try opened().forgotten
        let marked = forgotten.numbers.sorted()
        var chosen = marked
        if !steps.isEmpty {
            do throws(VarveError) { chosen = try StepNumbers.select(steps, from: marked) } catch {
                throw VarveError(.usage, "no such step is forgotten", file: archive)
            }
        }
        var back: [Int] = []
        for step in chosen {
            guard let mark = forgotten.marks[step] else { continue }
            if mark.pruned == mark.extent {
                guard steps.contains(where: { $0 == step...step }) else { continue }
                throw VarveError(.usage, "step \(step) was pruned and cannot be brought back", file: archive)
            }
            forgotten.marks[step] = mark.pruned.map { .init($0, pruned: $0) }
            back.append(step)
        }
        if !back.isEmpty { try writer.commit(forgotten) }
        return back
    }

    /// The steps that no rule forgets.
    package func pinned() throws(VarveError) -> [Int] { try opened().forgotten.pins.sorted() }

    /// Protects steps from being forgotten, or stops to.
    /// - Returns: all pinned steps.
    /// - Throws: `.usage` for steps that are not there.
    package func pin(_ steps: [ClosedRange<Int>], remove: Bool = false) throws(VarveError) -> [Int] {
        let writer = try openForWriting()
        let reader = try opened()
        var forgotten = reader.forgotten
        if remove {
            forgotten.pins.subtract(try StepNumbers.select(steps, from: forgotten.pins.sorted()))
        } else {
            forgotten.pins.formUnion(try StepNumbers.select(steps, from: reader.steps))
        }
        if forgotten != reader.forgotten { try writer.commit(forgotten) }
        return forgotten.pins.sorted()
    }

    // MARK: -

    func opened() throws(VarveError) -> ArchiveReader {
        let reader = try ArchiveReader(archive)
        if let damage = reader.forgottenDamage { throw damage }
        return reader
    }

    /// - Throws: where there is no archive; none is made.
    func openForWriting() throws(VarveError) -> ArchiveWriter {
        _ = try opened()
        return try ArchiveWriter(archive, writer: "varve \(VarveRelease.version)", wait: wait)
    }

    /// Weights that share every file with moments could not be restored without them.
    private func checkWeights(of step: Int, _ reader: ArchiveReader) throws(VarveError) {
        guard try reader.manifest(step).weightEntries.isEmpty else { return }
        throw VarveError(
            .usage,
            "no file of step \(step) holds weights and nothing else: nothing could be restored without its moments",
            file: archive)
    }

    func result(_ plan: PrunePlan, _ reader: ArchiveReader, forgotten: [Int]) -> ForgetResult {
        let lines = Dictionary(plan.steps.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        let steps = reader.stored.map { number in
            var step = ForgetResult.Step(
                step: StepVersion.number(number), replaced: StepVersion.isReplaced(number) ? true : nil,
                pinned: reader.forgotten.pins.contains(number), action: .keep, freedBytes: 0)
            guard let line = lines[number] else { return step }
            step.forgotten = line.extent.name
            step.neededBy = line.neededBy.map(StepVersion.number)
            step.freedBytes = line.freedBytes
            step.action =
                switch line.fate {
                case .removed: .remove
                case .reduced: .reduce
                case .kept: .need
                }
            return step
        }
        return ForgetResult(
            steps: steps, forgotten: forgotten, pruned: false, dryRun: false, freedBytes: plan.freedBytes, notices: [])
    }

    /// The run's files that repeat a file of a step that goes.
    func repeats(
        of steps: [Int], _ reader: ArchiveReader, _ forgotten: ForgottenSteps
    ) throws(VarveError) -> [String] {
        var originals: [String: String] = [:]
        for entry in try reader.runManifest()?.entries ?? [] {
            switch entry.kind {
            case .hardLink(let path), .copy(let path), .variant(let path, _): originals[entry.path] = path
            case .directory, .file, .symbolicLink: break
            }
        }
        guard !originals.isEmpty, !steps.isEmpty else { return [] }
        var lost: [String: Int] = [:]
        for step in steps { for entry in try reader.manifest(step).entries { lost[entry.path] = step } }
        for step in reader.steps where forgotten.extent(step) != .whole {
            for entry in try reader.manifest(step).entries { lost[entry.path] = nil }
        }
        return originals.sorted { $0.key < $1.key }.compactMap { path, original in
            lost[original].map { "\(path) repeats \(original) of step \($0) and will not be restored either" }
        }
    }
}

extension ForgottenSteps.Extent {
    /// The name in reports.
    var name: String { self == .whole ? "whole" : "moments" }
}
