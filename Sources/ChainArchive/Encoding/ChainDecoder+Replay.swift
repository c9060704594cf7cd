package import FileSystem

extension ChainDecoder {
    /// Restores what a store is to have of a step, and its payload, as compressing it would have left them there.
    /// - Parameter withMoments: `false` where its moments were forgotten.
    package func replay(
        _ number: Int, into store: ScratchStore, withMoments: Bool = true, _ workers: Workers
    ) async throws(VarveError) {
        let step = try step(number), manifest = step.manifest
        let units = self.units(keptBy: store, of: manifest, withMoments: withMoments)
        try await OrderedWork.run(
            units, workers,
            cost: { UnitCost.decoding($0, of: step, isKept: true) }
        ) {
            (unit) throws(VarveError) in
            _ = try self.decodeUnit(unit, of: number, onlyWeights: true, keeping: store)
        } consume: { _ in
        }
        try await replayPayload(of: number, into: store, workers)
    }

    /// Restores those of a step's tensors that a worker's part of the next step builds on, without payload.
    package func replay(
        _ wanted: Set<TensorIdentity>, of number: Int, into store: ScratchStore, _ workers: Workers
    ) async throws(VarveError) {
        let step = try step(number), manifest = step.manifest
        let units: [DecodingUnit] = self.units(keptBy: store, of: manifest, withMoments: true).compactMap { unit in
            func isWanted(_ index: Int) -> Bool { wanted.contains(manifest.tensors[index].identity) }
            switch unit {
            case .quantizedGroup(let group): return step.members[group].contains { isWanted($0.weight) } ? unit : nil
            case .losslessGroup(let group): return step.losslessGroups[group].contains(where: isWanted) ? unit : nil
            case .tensors(let indices):
                let own = indices.filter(isWanted)
                return own.isEmpty ? nil : .tensors(own)
            }
        }
        try await OrderedWork.run(units, workers, cost: { UnitCost.decoding($0, of: step, isKept: true) }) {
            (unit) throws(VarveError) in
            _ = try self.decodeUnit(unit, of: number, onlyWeights: true, keeping: store)
        } consume: { _ in
        }
    }

    /// Restores all of a step into a store, moments included, and what the step after it builds on.
    /// - Parameter withMoments: `false` where its moments were forgotten: then without them.
    package func restore(
        _ number: Int, into store: ScratchStore, withMoments: Bool, _ workers: Workers
    ) async throws(VarveError) {
        let step = try step(number), manifest = step.manifest
        let units = manifest.decodingUnits(withMoments: withMoments)
        try workers.check(units.lazy.map { (needed: UnitCost.decoding($0, of: step, isKept: true), tensor: nil) })
        try await OrderedWork.run(units, workers, cost: { UnitCost.decoding($0, of: step, isKept: true) }) {
            (unit) throws(VarveError) in
            for tensor in try self.decodeUnit(unit, of: number, onlyWeights: !withMoments, keeping: store) {
                let key = ScratchStore.Key.tensor(manifest.tensors[tensor.index].identity)
                if !store.contains(key) { try store.put(key, tensor.bytes) }
            }
        } consume: { _ in
        }
        try await replayPayload(of: number, into: store, workers)
    }

    private func replayPayload(
        of number: Int, into store: ScratchStore, _ workers: Workers
    ) async throws(VarveError) {
        let blocks = try step(number).manifest.entries.enumerated().flatMap { entry in
            entry.element.payload.indices.filter { !entry.element.payload[$0].isConstant }.map { (entry.offset, $0) }
        }
        try await OrderedWork.run(blocks, workers) { (block) throws(VarveError) in
            try store.put(
                .payload(entry: block.0, block: block.1),
                try self.payload(entry: block.0, block: block.1, of: number))
        } consume: { _ in
        }
    }

    /// The units of a step without those of which the store keeps nothing.
    private func units(
        keptBy store: ScratchStore, of manifest: StepManifest, withMoments: Bool
    ) -> [DecodingUnit] {
        var groups = Set<Int>()
        for tensor in manifest.tensors where store.isBuiltOn(tensor) {
            if case .packed(let losslessGroup, _, _) = tensor.coding { groups.insert(losslessGroup) }
        }
        return manifest.decodingUnits(withMoments: withMoments).compactMap { unit in
            switch unit {
            case .quantizedGroup: return unit
            case .losslessGroup(let losslessGroup): return groups.contains(losslessGroup) ? unit : nil
            case .tensors(let indices):
                let kept = indices.filter { store.isBuiltOn(manifest.tensors[$0]) }
                return kept.isEmpty ? nil : .tensors(kept)
            }
        }
    }
}
