import ChainArchive
import Checkpoints
import FileSystem
import TensorFiles

/// Checks an archive.
package struct Verifier: Sendable {
    package typealias Result = VerificationResult

    package let archive: String
    package let options: VerificationOptions

    package init(archive: String, options: VerificationOptions) {
        self.archive = archive
        self.options = options
    }

    package init(
        archive: String, deep: Bool = false, against: String? = nil, base: String? = nil, threads: Int = 0,
        sample: Double? = nil, seed: UInt64 = 0, memory: UInt64? = nil
    ) {
        self.init(
            archive: archive,
            options: VerificationOptions(
                deep: deep, against: against, base: base, sample: sample, seed: seed, threads: threads,
                memory: memory))
    }

    /// - Parameter range: steps to check; `nil` for all.
    /// - Throws: `.notAnArchive`, `.notFound`, `.usage`, `.interrupted`. Damage is a finding, not an error.
    package func verify(steps range: ClosedRange<Int>? = nil, progress: ProgressHandler? = nil) async throws(VarveError)
        -> Result
    {
        var result = Result(
            steps: [], findings: [], unrestorable: [], uncommitted: [], tensorsDecoded: 0, differences: [], compared: []
        )
        if let part = options.part {
            guard part.index >= 0, part.index < part.count, options.sample == nil else {
                throw VarveError(.usage, "there is no such part, or a sample of one")
            }
        }
        if let sample = options.sample {
            guard sample > 0, sample <= 1 else {
                throw VarveError(.usage, "a sample is more than 0 and at most 100 percent")
            }
            result.sampled = .init(seed: options.seed)
        }
        if let against = options.against, try !Directories.isThere(against) {
            throw VarveError(.notFound, "no such directory", file: against)
        }
        let reader: ArchiveReader
        do throws(VarveError) {
            reader = try ArchiveReader(archive)
        } catch  where error.code == .damaged {
            result.findings.append(.init(step: nil, error))
            return result
        }
        result.uncommitted = reader.uncommitted
        result.steps = reader.steps.filter { range?.contains($0) ?? true }
        let bytes = result.steps.reduce(UInt64(0)) {
            $0 + ((try? ArchiveReader.storedBytes(directory: reader.stepDirectory($1))) ?? 0)
        }
        progress?(.begin(steps: result.steps.count, bytes: bytes))
        if let damage = reader.forgottenDamage { result.findings.append(.init(step: nil, damage)) }
        var missing: [Int] = []
        if range == nil, isFirst {
            result.findings += ArchiveVerifier(reader).checkRun().map { .init(step: $0.step, $0.error) }
            let parity = ArchiveVerifier(reader).checkParity()
            result.findings += parity.map { .init(step: $0.step, $0.error) }
            missing = parity.compactMap(\.step)
            // What was once finished is no interrupted writer's.
            result.uncommitted.removeAll { missing.contains($0) }
            result.strangers = strangers(reader)
            result.pending = try pendingParts(reader)
            result.uncommitted.removeAll { number in result.pending.contains { $0.step == number } }
            if let against = options.against, result.findings.isEmpty {
                result.differences += try OriginalRunFiles(archive: reader, root: against).differences().map {
                    .init(step: nil, $0)
                }
            }
        }
        if let against = options.against, result.findings.isEmpty, isFirst {
            result.differences += try notHeld(against, reader, range)
        }
        var decoder = ChainDecoder(
            reader, base: try options.base.map { (path) throws(VarveError) in try CheckpointWeights(path) })
        // Forgotten steps that others need are checked like all, but not decoded for themselves.
        var damage: [Int: Set<StepRecord>?] = [:]
        for (position, step) in reader.stored.enumerated() where range?.contains(StepVersion.number(step)) ?? true {
            try checkCancellation()
            progress?(.step(number: StepVersion.number(step), path: ""))
            var findings: [ArchiveVerifier.Finding] = []
            if options.part.map({ position % $0.count == $0.index }) ?? true {
                findings = ArchiveVerifier(reader).check(step) { progress?(.bytes($0)) }
            }
            var differences: [Result.Finding] = [], coverage = result.sampled
            if options.decodes, findings.isEmpty, reader.forgotten.extent(step) != .whole {
                do throws(VarveError) {
                    let comparison = try originals(step, decoder)
                    let decoded = try await decodeAll(step, decoder, comparison, &coverage) {
                        differences.append(.init(step: step, $0))
                    }
                    result.tensorsDecoded += decoded.tensors
                    decoder = decoder.building(on: decoded.kept)
                    if comparison != nil, let against = options.against {
                        result.compared.append(step)
                        let manifest = try decoder.step(step).manifest
                        for found in try OriginalTree(root: against).differences(from: manifest) {
                            differences.append(.init(step: step, found))
                        }
                    }
                } catch  where ![.interrupted, .usage, .noMemory].contains(error.code) {
                    findings.append(ArchiveVerifier.Finding(step: step, error: error))
                }
            }
            findings.removeAll { $0.error.code == .forgotten }
            if !findings.isEmpty, reader.isPrunedSince(step) { findings = [] }
            result.differences += differences
            result.sampled = coverage
            result.findings += findings.map { .init(step: StepVersion.number(step), $0.error) }
            for finding in findings { damage[step] = Self.union(damage[step] ?? [], finding.records) }
            progress?(.finished(number: StepVersion.number(step), original: 0, stored: 0))
        }
        if let against = options.against, result.compared.isEmpty, result.findings.isEmpty {
            result.differences.append(
                .init(
                    step: nil,
                    VarveError(.different, "none of the archive's steps is there to be compared", file: against)))
        }
        let lost = Restorability(reader, damage: damage).lost.filter { !reader.isPrunedSince($0) }
        result.unrestorable = (lost + missing.filter { reader.forgotten.extent($0) != .whole }).sorted()
        // What went while it was checked is none of the archive's steps.
        result.steps.removeAll { (try? reader.isStored($0)) == false && reader.isPrunedSince($0) }
        if result.findings.isEmpty, let lost = result.unrestorable.first(where: result.steps.contains) {
            result.findings.append(
                .init(
                    step: lost,
                    VarveError(
                        .damaged, "something that it builds on is missing", file: reader.stepManifest(lost))))
        }
        return result
    }

    /// Whether this process checks what is not of a step; of several one does.
    private var isFirst: Bool { options.part?.index ?? 0 == 0 }

    /// What the run has and the archive does not hold: of the steps in `range` alone, where there is one.
    private func notHeld(
        _ root: String, _ reader: ArchiveReader, _ range: ClosedRange<Int>?
    ) throws(VarveError) -> [Result.Finding] {
        let run: Run
        do throws(VarveError) { run = try Run.discoverAll(root) } catch  where error.code == .usage { return [] }
        let missing = try RunCoverage(run, in: reader).missing
        return missing.filter { item in range.map { item.step.map($0.contains) ?? false } ?? true }.map { item in
            var message = "the archive does not hold it"
            if item.isCheckpoint, let step = item.step { message = "step \(step) is not in the archive" }
            if item.files > 1 { message += " (\(item.files) files)" }
            if let reason = item.reason { message += ": \(reason)" }
            return .init(
                step: item.step, file: item.path == "." ? root : Paths.join(root, item.path), offset: nil, tensor: nil,
                message: message)
        }
    }

    /// Damage of a step taken together; `nil` stands for all of it.
    private static func union(_ first: Set<StepRecord>?, _ second: Set<StepRecord>?) -> Set<StepRecord>? {
        guard let first, let second else { return nil }
        return first.union(second)
    }

    /// Decodes every unit and payload block of a step.
    /// - Returns: how many tensors there were, and what the next step builds on.
    private func decodeAll(
        _ number: Int, _ decoder: ChainDecoder, _ originals: OriginalFiles?, _ coverage: inout Result.Coverage?,
        difference: (VarveError) -> Void
    ) async throws(VarveError) -> (tensors: Int, kept: KeptStep?) {
        let step = try decoder.step(number), manifest = step.manifest
        let withMoments = decoder.archive.forgotten.extent(number) == nil
        // An archive that may not be written to is walked with a file elsewhere; without room for it, the slow way.
        let contents = manifest.keptContents
        let store =
            (try? ScratchStore(directory: decoder.archive.layout.root, contents: contents, isOptional: true))
            ?? (try? ScratchStore(directory: "/tmp", contents: contents, isOptional: true))
        var units = manifest.decodingUnits(withMoments: withMoments), blocks = manifest.payloadBlocks
        if let sample = options.sample {
            coverage?.count(units, blocks, of: manifest, withMoments: withMoments, asChosen: false)
            let chosen = VerificationSample(share: sample, seed: options.seed)
            (units, blocks) = (chosen.units(units, of: manifest), chosen.blocks(blocks, of: manifest))
            coverage?.count(units, blocks, of: manifest, withMoments: withMoments, asChosen: true)
        }
        if let part = options.part {
            let hands = UnitDealing.hands(units.map { UnitCost.decoding($0, of: step) }, count: part.count)
            units = hands[part.index].map { units[$0] }
            blocks = blocks.enumerated().filter { $0.offset % part.count == part.index }.map(\.element)
        }
        var count = 0
        let workers = Workers(threads: options.threads, memory: options.memory)
        func cost(_ unit: DecodingUnit) -> Int { UnitCost.verifying(unit, of: step, comparing: originals != nil) }
        try workers.check(units.lazy.map { (needed: cost($0), tensor: nil) })
        try await OrderedWork.run(units, workers, cost: cost) {
            (unit) throws(VarveError) -> (Int, [VarveError]) in
            let tensors = try decoder.decodeUnit(unit, of: number, onlyWeights: !withMoments, keeping: store)
            var differing: [VarveError] = []
            for tensor in tensors {
                if let found = try originals?.compare(tensor, manifest.tensors[tensor.index]) {
                    differing.append(found)
                }
            }
            return (tensors.count, differing)
        } consume: { (decoded, differing) in
            count += decoded
            for error in differing { difference(error) }
        }
        for location in blocks {
            let plain = try decoder.payload(entry: location.entry, block: location.block, of: number)
            if !manifest.entries[location.entry].payload[location.block].isConstant {
                try? store?.put(.payload(entry: location.entry, block: location.block), plain)
            }
            if let found = try originals?.compare(plain, entry: location.entry, block: location.block) {
                difference(found)
            }
        }
        return (count, store.map { KeptStep(number: number, store: $0) })
    }

    /// The files of the step in the run it is compared with; `nil` where they are not there.
    private func originals(_ number: Int, _ decoder: ChainDecoder) throws(VarveError) -> OriginalFiles? {
        guard let against = options.against else { return nil }
        return try OriginalFiles(root: against, manifest: try decoder.step(number).manifest)
    }

    private func checkCancellation() throws(VarveError) {
        if Task.isCancelled { throw VarveError(.interrupted, "interrupted") }
    }
}

extension VerificationResult.Finding {
    init(step: Int?, _ error: VarveError) {
        var message = error.message
        if let cause = error.cause { message += " (\(cause))" }
        self.init(
            step: step, file: error.location.file, offset: error.location.offset, tensor: error.location.tensor,
            message: message)
    }
}
