import ChainArchive
import FileSystem
import TensorCodecs

/// A step as the archive restores it, to be encoded once more: planned by its manifest alone.
///
/// Which tensors are quantized together, and what their moments are, was found from the original when the step was compressed;
/// restored values tell it less well. So nothing is looked for anew.
struct RestoredStep {
    /// The version that it is taken from.
    let step: OpenStep
    /// All of its restored tensors and payload, and the states of its chains.
    let store: ScratchStore
    /// `false` where its moments were forgotten, and may be gone.
    let withMoments: Bool

    private var manifest: StepManifest { step.manifest }

    /// What will be stored of it.
    /// - Parameters:
    ///   - predecessor: what it is coded against; `nil` for a keyframe.
    ///   - before: what the version that it is taken from was coded against.
    /// - Returns: the plan, without what can be taken over as it is: quantized groups and states on their own; and those.
    func plan(
        _ method: StepMethod, on predecessor: StepEncoder.Predecessor?, before: OpenStep?
    ) throws(VarveError) -> (plan: StepPlan, taken: [any StoredUnit]) {
        var parameters: [PlannedParameter] = [], taken: [any StoredUnit] = []
        var exact = Set(manifest.tensors.indices.filter { manifest.tensors[$0].coding.isExact })
        let isSameStep = before.map { StepVersion.number($0.manifest.number) } == predecessor?.step?.manifest.number
        for (number, members) in step.members.enumerated() {
            if case .transform = method, manifest.quantizedGroups[number].method == .transform {
                parameters += members.map { parameter($0, isOnSame: isSameStep) }
            } else if let before, let now = predecessor?.step,
                StoredGroup.fits(number, of: step, on: now, before: before)
            {
                taken.append(StoredGroup(number, of: step))
            } else {
                // What is restored now can be had exactly: nothing is quantized twice.
                for member in members { exact.formUnion(StepManifest.indices(of: member)) }
            }
        }
        if case .transform = method, predecessor != nil {
            let factors = try QuantizerScales(parameters).factors
            for index in parameters.indices {
                parameters[index].quantizerScale = factors[parameters[index].weight.identity.name] ?? 1
            }
        }
        let tensors = exact.sorted().map { planned($0) }
        let entries = self.entries(on: predecessor?.step?.manifest)
        let units =
            StepPlanner.quantizedGroups(parameters)
            + LosslessGroupOrder.losslessGroups(tensors).map { .losslessGroup($0) } + payload(entries)
        let plan = StepPlan(
            entries: entries, units: units, pairs: manifest.pairs, notes: [],
            originalBytes: entries.reduce(0) { $0.addingSaturated($1.isFile ? $1.byteCount : 0) })
        for (index, tensor) in manifest.tensors.enumerated() where tensor.coding.isState {
            taken.append(StoredState(index, of: step, isDropped: !withMoments))
        }
        return (plan, taken)
    }

    // MARK: Tensors

    private func planned(_ index: Int) -> PlannedTensor {
        let record = manifest.tensors[index]
        let isDropped = !withMoments && manifest.isMoment(record)
        let source: any ByteSource =
            isDropped
            ? MemorySource([], name: manifest.path)
            : ScratchSource(.tensor(record.identity), in: store, name: manifest.path)
        var tensor = PlannedTensor(
            identity: record.identity.ofOriginal, dtype: record.dtype, shape: record.shape, pieces: record.pieces,
            source: source, range: 0..<source.byteCount, pairing: record.statistics.pairing)
        tensor.archived = record
        tensor.isDropped = isDropped
        return tensor
    }

    /// - Parameter isOnSame: whether the step that it was coded against is the one that it is coded against now.
    private func parameter(_ member: StepManifest.Member, isOnSame: Bool) -> PlannedParameter {
        var parameter = PlannedParameter(
            weight: planned(member.weight), firstMoment: member.firstMoment.map { planned($0) },
            secondMoment: member.secondMoment.map { planned($0) }, maximum: member.maximum.map { planned($0) },
            copies: member.copies.map { planned($0) })
        parameter.archived = store
        let record = manifest.tensors[member.weight]
        if isOnSame, case .transform(_, _, opens: false) = record.coding {
            parameter.recordedChange = record.statistics.referenceEnergy
        }
        return parameter
    }

    // MARK: Files

    /// The step's entries, without payload.
    private func entries(on predecessor: StepManifest?) -> [Entry] {
        var known: [String: Int] = [:]
        if let predecessor {
            for (index, entry) in predecessor.entries.enumerated() {
                known[
                    StepPlanner.stableKey(
                        entry.path, stepPath: predecessor.path, isDirectory: predecessor.isDirectory)] = index
            }
        }
        return manifest.entries.map { entry in
            var entry = entry
            entry.payload = []
            entry.prefixEntry = nil
            if case .file = entry.kind {
                entry.prefixEntry =
                    known[
                        StepPlanner.stableKey(entry.path, stepPath: manifest.path, isDirectory: manifest.isDirectory)]
            }
            return entry
        }
    }

    private func payload(_ entries: [Entry]) -> [EncodingUnit] {
        var units: [EncodingUnit] = []
        for (index, entry) in manifest.entries.enumerated() {
            for (number, block) in entry.payload.enumerated() {
                var planned = PlannedPayload(
                    entry: index, block: number, ranges: [0..<UInt64(block.plainCount)], source: source(index, number),
                    prefixEntry: entries[index].prefixEntry)
                if case .elsewhere(let place) = block.content, place.step == manifest.number {
                    planned.twin = PlannedPayload.Twin(
                        entry: place.entry, block: place.block, ranges: planned.ranges,
                        source: source(place.entry, place.block))
                }
                units.append(.payload(planned))
            }
        }
        return units
    }

    private func source(_ entry: Int, _ block: Int) -> any ByteSource {
        let found = manifest.entries[entry], path = found.path
        if case .constant(let value) = found.payload[block].content {
            return ConstantSource(value, count: found.payload[block].plainCount, name: path)
        }
        return ScratchSource(.payload(entry: entry, block: block), in: store, name: path)
    }
}

extension StepManifest {
    /// All tensors of a member.
    fileprivate static func indices(of member: Member) -> [Int] {
        [member.weight] + [member.firstMoment, member.secondMoment, member.maximum].compactMap { $0 } + member.copies
    }
}
