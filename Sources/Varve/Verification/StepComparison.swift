import ChainArchive
import FileSystem

/// Decodes steps of an archive from the disk and compares every byte with the originals.
///
/// Steps that are compared one after the other build on what was decoded of the one before, so a chain is walked once.
struct StepComparison {
    let archive: String
    let base: CheckpointWeights?
    let workers: Workers

    /// What the last compared step left for the next.
    private var last: KeptStep?

    init(archive: String, base: CheckpointWeights?, workers: Workers) {
        self.archive = archive
        self.base = base
        self.workers = workers
    }

    /// What the archive would restore otherwise than it should; at the first difference it stops.
    ///
    /// - Parameter originals: `nil` only decodes.
    /// - Throws: `.damaged` where the step does not decode; `.sourceChanged`, `.interrupted`, `.inputOutput`.
    mutating func difference(
        step number: Int, originals: OriginalFiles?
    ) async throws(VarveError) -> VarveError? {
        let reader = try ArchiveReader(archive)
        let decoder = ChainDecoder(reader, base: base).building(on: last)
        let step = try decoder.step(number), manifest = step.manifest
        for part in manifest.parts { SystemCalls.dropCache(reader.stepPart(number, part.name)) }
        if let finding = ArchiveVerifier(reader).check(number).first { throw finding.error }

        let contents = manifest.keptContents
        let store = try ScratchStore(directory: reader.layout.root, contents: contents, isOptional: true)
        var found: VarveError?
        try await OrderedWork.run(
            manifest.decodingUnits(), workers, cost: { UnitCost.decoding($0, of: step, isKept: true) }
        ) {
            (unit) throws(VarveError) -> VarveError? in
            for tensor in try decoder.decodeUnit(unit, of: number, keeping: store) {
                if let found = try originals?.compare(tensor, manifest.tensors[tensor.index]) { return found }
            }
            return nil
        } consume: { difference in
            found = found ?? difference
        }
        for (index, entry) in manifest.entries.enumerated() where found == nil {
            for block in entry.payload.indices where found == nil {
                let plain = try decoder.payload(entry: index, block: block, of: number)
                if !entry.payload[block].isConstant { try store.put(.payload(entry: index, block: block), plain) }
                found = try originals?.compare(plain, entry: index, block: block)
            }
        }
        try originals?.checkContent()
        last = KeptStep(number: number, store: store)
        return found
    }
}
