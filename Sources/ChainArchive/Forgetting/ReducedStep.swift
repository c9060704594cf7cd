import FileSystem

/// A step without some of its records: the manifest that it will have, and what its one part will hold.
///
/// Lists keep their lengths and order, for other steps refer to entries and blocks by index.
struct ReducedStep {
    let manifest: StepManifest
    /// Bytes of the manifest's file.
    let sealed: [UInt8]
    /// What is copied, in the order of the new part: from where, and to where.
    let moves: [(from: RecordLocation, to: RecordLocation)]

    var byteCount: UInt64 {
        let part = manifest.parts[0].byteCount
        return part + PartParity.byteCount(ofPart: part) + UInt64(sealed.count)
    }

    /// - Parameters:
    ///   - kept: records that stay.
    ///   - extent: what was forgotten of the step.
    init(_ old: StepManifest, keeping kept: Set<StepRecord>, extent: ForgottenSteps.Extent) throws(VarveError) {
        var manifest = old, moves: [(from: RecordLocation, to: RecordLocation)] = []
        var end = UInt64(PartHeader.size)
        let ordered = old.records.filter { !$0.location.isDropped }
            .sorted { ($0.location.part, $0.location.offset) < ($1.location.part, $1.location.offset) }
        for (record, location) in ordered {
            guard kept.contains(record) else {
                manifest.drop(record, byteCount: location.byteCount)
                continue
            }
            let newLocation = RecordLocation(
                part: 0, offset: end, byteCount: location.byteCount, checksum: location.checksum)
            manifest.move(record, to: newLocation)
            moves.append((location, newLocation))
            end += location.byteCount
        }
        manifest.parts = [.init(name: Self.nextName(old.parts), byteCount: end)]
        manifest.pruned = extent
        self.manifest = manifest
        self.moves = moves
        sealed = try manifest.sealed()
    }

    /// A name that no part of the step has: the old part stays whole until the new manifest is in place.
    private static func nextName(_ parts: [StepManifest.Part]) -> String {
        var index = 1
        while parts.contains(where: { $0.name == ArchiveLayout.partName(index) }) { index += 1 }
        return ArchiveLayout.partName(index)
    }

    /// Writes the part, and reads it again: what is needed is on disk before anything else goes.
    func writePart(from step: OpenStep, in directory: String) throws(VarveError) {
        let part = manifest.parts[0]
        let writer = try PartWriter(
            directory: directory, name: part.name, index: 0, number: UInt64(StepVersion.number(manifest.number)))
        for move in moves { _ = try writer.append(try step.read(move.from)) }
        try writer.commit()
        let reader = try PartReader(
            Paths.join(directory, part.name), byteCount: part.byteCount,
            number: UInt64(StepVersion.number(manifest.number)))
        for move in moves { _ = try reader.read(move.to) }
    }
}

extension StepManifest {
    /// Marks a record as taken out of the part, its bytes out of the tensors' shares: reports add up to what is on disk.
    fileprivate mutating func drop(_ record: StepRecord, byteCount: UInt64) {
        move(record, to: .dropped)
        var left = Int(clamping: byteCount)
        for index in tensors.indices where isIn(record, index) {
            let share = min(left, tensors[index].statistics.storedBytes)
            tensors[index].statistics.storedBytes -= share
            left -= share
        }
    }

    private func isIn(_ record: StepRecord, _ index: Int) -> Bool {
        let tensor = tensors[index]
        switch record {
        case .weights(let quantizedGroup):
            return tensor.coding.member?.quantizedGroup == quantizedGroup && tensor.role == .weight
        case .moments(let quantizedGroup):
            return tensor.coding.member?.quantizedGroup == quantizedGroup && tensor.role != .weight
        case .losslessGroup(let losslessGroup):
            guard case .packed(losslessGroup, _, _) = tensor.coding else { return false }
            return true
        case .tensor(let other): return other == index
        case .block: return false
        }
    }
}
