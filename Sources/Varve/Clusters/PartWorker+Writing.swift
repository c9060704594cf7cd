import ChainArchive
import Checkpoints
import FileSystem

/// Parts and receipts.
extension PartWorker {
    /// Encodes units into a part of their own.
    func write(
        _ indices: [Int], of plan: PartPlan, _ session: StepSession, into receipt: inout Receipt, in directory: String
    ) async throws(VarveError) {
        guard !indices.isEmpty else { return }
        let units = indices.map { plan.plan.units[$0] }
        progress?(.size(units.reduce(0) { $0 + $1.sourceBytes }))
        let writer = try PartWriter(
            directory: directory, name: PartWriter.token(), index: 0, number: UInt64(plan.number))
        var position = 0
        func consume(_ unit: EncodedUnit) throws(VarveError) {
            var locations: [RecordLocation] = []
            for blob in unit.blobs { locations.append(try writer.append(blob)) }
            receipt.units.append(UnitRecords(unit, index: indices[position], at: locations))
            receipt.sourceBytes += UInt64(unit.sourceBytes)
            position += 1
            progress?(.bytes(unit.sourceBytes))
        }
        if let name = units.first?.name { progress?(.working(name)) }
        try await session.encode(units, options.capacity) { (unit) throws(VarveError) in
            try consume(unit)
            if position < units.count, let name = units[position].name { progress?(.working(name)) }
        }
        try plan.source.checkUnchanged(plan.contents.files)
        guard writer.byteCount > UInt64(PartHeader.size) else { return }
        if try isVisible(plan.number) { return }
        let byteCount = writer.byteCount, share = receipt.share, content = receipt.content
        let written: (name: String, hash: Hash128)
        do throws(VarveError) {
            written = try writer.commit(named: { share.partName(content, $0) })
        } catch  where error.code == .notFound {
            // Somebody else has finished the step, and cleared what it needs no more.
            guard try isVisible(plan.number) else { throw error }
            return
        }
        try Directories.sync(directory)
        receipt.part = StepManifest.Part(name: written.name, byteCount: byteCount)
        receipt.partHash = written.hash
    }

    /// Writes the receipt.
    /// - Returns: `false` where the step has become visible meanwhile.
    func finish(_ receipt: inout Receipt, _ plan: PartPlan, in directory: String) throws(VarveError) -> Bool {
        if try isVisible(plan.number) { return false }
        try receipt.write(in: directory)
        // What was read again is what the next step, and every other process, knows of it.
        if let read = try Receipt.read(receipt.share, receipt.content, in: directory) { receipt = read }
        note(receipt, plan.number, wasThere: false)
        return true
    }

    func isVisible(_ number: Int) throws(VarveError) -> Bool {
        try ArchiveReader(layout.root).stored.contains(number)
    }

    func note(_ receipt: Receipt, _ number: Int, wasThere: Bool) {
        let stored = receipt.part?.byteCount ?? 0
        if let index = result.steps.firstIndex(where: { $0.number == number }) {
            result.steps[index].originalBytes += receipt.sourceBytes
            result.steps[index].storedBytes += stored
        } else {
            result.steps.append(
                .init(
                    number: number, originalBytes: receipt.sourceBytes, storedBytes: stored, wasThere: wasThere))
        }
        if receipt.content == .tensors {
            progress?(.finished(number: number, original: receipt.sourceBytes, stored: stored))
        }
    }
}

extension EncodingUnit {
    fileprivate var sourceBytes: UInt64 {
        if case .payload(let payload) = self { return UInt64(payload.byteCount) }
        return tensors.reduce(0) { $0 + UInt64($1.range.count) }
    }
}
