import ChainArchive
import Checkpoints
import FileSystem
import TensorFiles

/// Writes the tensors of one step as safetensors files.
///
/// All names, types and shapes are known before anything is decoded, so every tensor has its place in a new file from the
/// beginning, and is written there by whichever thread decoded it.
struct StepExporter {
    let decoder: ChainDecoder
    let number: Int
    /// The directory that takes everything until all of it is complete.
    let root: String
    /// Where that will be then.
    let output: String
    /// The step's directory in both; empty for themselves.
    let directory: String
    let shardBytes: UInt64
    /// Takes the restored weights and payload for the step after this one.
    let store: ScratchStore?
    let onlyWeights: Bool
    /// Only tensors that one of these fits; none for all.
    let names: [NamePattern]
    /// Which of the step's files are there; `nil` for all.
    let entries: Set<Int>?
    let workers: Workers

    /// - Throws: `.unsupported` (weights that are not known by name, what safetensors cannot hold), `.exists` (files of
    ///   another export), `.damaged` with file, offset and tensor; `.noSpace`, `.inputOutput`, `.interrupted`.
    func export(_ progress: ProgressHandler?) async throws(VarveError) {
        let manifest = try decoder.step(number).manifest
        let skeleton = try StepSkeleton(
            number, decoder: decoder, in: Paths.join(root, OutputFile.temporaryPrefix + "skeleton"), entries: entries)
        if let store { try decoder.keepPayload(of: number, in: store) }
        let records = FileRanges<Int>(recordsOf: manifest)
        let export: StepExport
        do throws(VarveError) {
            export = try StepExport(
                skeleton.contents, manifest, records, entryOfFile: skeleton.entryOfFile, onlyWeights: onlyWeights,
                names: names)
        } catch {
            throw error.at(file: decoder.archive.layout.root)
        }
        for notice in export.notices { progress?(.notice("step \(StepVersion.number(number)): \(notice)")) }
        let parts = [(Self.weightStem, export.weights), (Self.stateStem, export.states)].filter { !$0.1.isEmpty }
        let plans = parts.map { ShardPlan($1, stem: $0, shardBytes: shardBytes) }
        try checkOutput(Array(zip(plans, parts.map(\.0))))
        let tensors = export.weights + export.states
        let target = directory.isEmpty ? root : Paths.join(root, directory)
        if !directory.isEmpty { try SystemCalls.makeDirectory(target) }
        let delivery = ExportDelivery(
            tensors: tensors, skeleton: skeleton,
            sources: ExportSources(
                tensors, skeleton.contents, manifest, records, entryOfFile: skeleton.entryOfFile),
            files: try ShardWriter(plans, in: target))
        try await decode(delivery, progress)
        try await gather(delivery, of: try skeleton.filled())
        // As old as the checkpoint, so that the same step gives the same files.
        try delivery.files.finish(modified: manifest.entries.map(\.modified).max() ?? 0)
        // Not left to the object's end, which may come when its directory has moved with all that is complete.
        try skeleton.remove()
    }

    private static let weightStem = "model", stateStem = "optimizer"

    /// A reader would take files of another export, in another number of shards, for this one's.
    private func checkOutput(_ plans: [(plan: ShardPlan, stem: String)]) throws(VarveError) {
        let path = directory.isEmpty ? output : Paths.join(output, directory)
        guard try Directories.isThere(path) else { return }
        for (plan, stem) in plans {
            let own = Set(plan.names)
            let others = try SystemCalls.list(path).sorted().filter {
                ShardPlan.isName($0, stem: stem) && !own.contains($0)
            }
            guard let other = others.first else { continue }
            throw VarveError(
                .exists, "it would be taken for a part of what is written here; remove it",
                file: Paths.join(path, other))
        }
    }

    private func decode(_ delivery: ExportDelivery<ShardWriter>, _ progress: ProgressHandler?) async throws(VarveError)
    {
        let step = try decoder.step(number), isKept = store != nil
        var needed = delivery.sources.records
        if isKept {
            needed.formUnion(
                step.manifest.tensors.indices.filter { !onlyWeights || step.manifest.tensors[$0].role == .weight })
        }
        let units = UnitCost.largestFirst(step.manifest.decodingUnits(of: needed), of: step)
        try workers.check(units.lazy.map { (needed: UnitCost.decoding($0, of: step, isKept: isKept), tensor: nil) })
        let wanted = needed
        progress?(.size(needed.reduce(0) { $0 + UInt64(step.manifest.tensors[$1].byteCount) }))
        var missing = delivery.sources.records
        try await OrderedWork.run(units, workers, cost: { UnitCost.decoding($0, of: step, isKept: isKept) }) {
            (unit) throws(VarveError) -> (indices: [Int], bytes: Int) in
            let restored = try decoder.decodeUnit(
                unit, of: number, onlyWeights: onlyWeights || !isKept && step.needsOnlyWeights(wanted, of: unit),
                keeping: store)
            for tensor in restored { try delivery.take(tensor) }
            return (restored.map(\.index), restored.reduce(0) { $0 + $1.bytes.count })
        } consume: { result in
            missing.subtract(result.indices)
            progress?(.bytes(result.bytes))
        }
        guard let lost = missing.min() else { return }
        throw VarveError(
            .damaged, "the step does not hold the tensor", file: step.manifestPath,
            tensor: step.manifest.tensors[lost].name)
    }

    private func gather(_ delivery: ExportDelivery<ShardWriter>, of contents: StepContents) async throws(VarveError) {
        try await OrderedWork.run(
            delivery.sources.gathered, workers, cost: { delivery.tensors[$0].gatheringCost }
        ) { (tensor) throws(VarveError) -> Void in
            try delivery.gather(tensor, of: contents)
        } consume: { _ in
        }
    }
}
