import ChainArchive
import TensorFiles

extension ChainDecoder {
    /// Restores the weights and payload of a step into a store, as compressing it would have left them there.
    func replay(_ number: Int, into store: ScratchStore, threads: Int) async throws(VarveError) {
        let manifest = try step(number).manifest
        try await OrderedWork.run(manifest.decodingUnits(onlyWeights: true), threads: threads) {
            (unit) throws(VarveError) in
            _ = try self.decode(unit, of: number, onlyWeights: true, keeping: store)
        } consume: { _ in
        }
        let blocks = manifest.entries.enumerated().flatMap { entry in
            entry.element.payload.indices.filter { !entry.element.payload[$0].isConstant }.map { (entry.offset, $0) }
        }
        try await OrderedWork.run(blocks, threads: threads) { (block) throws(VarveError) in
            try store.put(
                .payload(entry: block.0, block: block.1),
                try self.payload(entry: block.0, block: block.1, of: number))
        } consume: { _ in
        }
    }
}
