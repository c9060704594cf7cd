package import FileSystem

extension ChainDecoder {
    /// Restores what a store is to have of a step, and its payload, as compressing it would have left them there.
    package func replay(_ number: Int, into store: ScratchStore, _ workers: Workers) async throws(VarveError) {
        let step = try step(number), manifest = step.manifest
        let onlyWeights = store.contents == .weights
        try await OrderedWork.run(
            manifest.decodingUnits(onlyWeights: onlyWeights), workers,
            cost: { UnitCost.decoding($0, of: step, isKept: true) }
        ) {
            (unit) throws(VarveError) in
            _ = try self.decodeUnit(unit, of: number, onlyWeights: onlyWeights, keeping: store)
        } consume: { _ in
        }
        let blocks = manifest.entries.enumerated().flatMap { entry in
            entry.element.payload.indices.filter { !entry.element.payload[$0].isConstant }.map { (entry.offset, $0) }
        }
        try await OrderedWork.run(blocks, workers) { (block) throws(VarveError) in
            try store.put(
                .payload(entry: block.0, block: block.1),
                try self.payload(entry: block.0, block: block.1, of: number))
        } consume: { _ in
        }
    }
}
