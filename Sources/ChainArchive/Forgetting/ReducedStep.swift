import FileSystem

/// A step without some of its records: the manifest that it will have, and what its one part will hold.
///
/// Lists keep their lengths and order, for other steps refer to entries and blocks by index.
struct ReducedStep {
    let manifest: StepManifest
    /// Bytes of the manifest's file.
    let sealed: [UInt8]
    /// What is copied, in the order of the new part: from where, and to where.
    let moves: [(from: PartReference, to: PartReference)]

    var byteCount: UInt64 { manifest.parts[0].byteCount + UInt64(sealed.count) }

    /// - Parameters:
    ///   - kept: records that stay.
    ///   - extent: what was forgotten of the step.
    init(_ old: StepManifest, keeping kept: Set<StepRecord>, extent: ForgottenSteps.Extent) throws(VarveError) {
        var manifest = old, moves: [(from: PartReference, to: PartReference)] = []
        var end = UInt64(PartHeader.size)
        let ordered = old.records.filter { !$0.reference.isDropped }
            .sorted { ($0.reference.part, $0.reference.offset) < ($1.reference.part, $1.reference.offset) }
        for (record, reference) in ordered {
            guard kept.contains(record) else {
                manifest.drop(record, byteCount: reference.byteCount)
                continue
            }
            let place = PartReference(
                part: 0, offset: end, byteCount: reference.byteCount, checksum: reference.checksum)
            manifest.move(record, to: place)
            moves.append((reference, place))
            end += reference.byteCount
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
        case .weights(let bundle): return tensor.coding.member?.bundle == bundle && tensor.role == .weight
        case .moments(let bundle): return tensor.coding.member?.bundle == bundle && tensor.role != .weight
        case .pack(let pack):
            guard case .packed(pack, _, _) = tensor.coding else { return false }
            return true
        case .tensor(let other): return other == index
        case .block: return false
        }
    }
}
