import FileSystem
import Synchronization
import TensorCodecs

extension ChainDecoder {
    /// What decoding a lossless group needs for each row and column of a matrix: levels, classes, exponents, means.
    private static let lineBytes: UInt64 = 24

    /// Decodes a lossless group of one step from the restored tensors of its predecessor, in the lossless group's
    /// order.
    func decodeLosslessGroup(
        _ losslessGroup: Int, of step: OpenStep, previous: [TensorIdentity: ChainLink]
    ) throws(VarveError) -> [ChainLink] {
        let records = step.losslessGroups[losslessGroup].map { step.manifest.tensors[$0] }
        var members: [LosslessGroup.Member] = [], room: UInt64 = 0
        for record in records {
            guard case .packed(_, _, let depth) = record.coding else { continue }
            let form = record.dtype.losslessForm(record.shape)
            // The tensor and what it builds on; files end at 2^60 bytes.
            room = room.addingSaturated(UInt64(record.byteCount) * UInt64(1 + depth))
            try step.expectRoom(Int(clamping: room), record.name)
            // Of a narrow matrix the exponents of its rows are more than that.
            let matrix = MatrixForm(form.shape)
            if !matrix.isVector { room = room.addingSaturated(UInt64(matrix.rows + matrix.columns) * Self.lineBytes) }
            try step.expectRoom(Int(clamping: room), record.name)
            var member = LosslessGroup.Member(format: form.format, shape: form.shape)
            if depth > 0 { member.previous = try predecessorBytes(record, of: step, previous: previous) }
            if depth > 1 {
                guard let earlier = previous[record.identity]?.earlier, earlier.count == record.byteCount else {
                    throw VarveError(
                        .damaged, "the tensor of two steps before is missing or of another size",
                        file: step.manifestPath, tensor: record.name)
                }
                member.earlier = earlier
            }
            members.append(member)
        }
        let location = step.manifest.losslessGroups[losslessGroup]
        let stored = try step.read(location)
        let decoded: [[UInt8]]
        do throws(CodecError) {
            decoded = try LosslessGroup.decode(stored[...], members)
        } catch {
            throw step.undecodable(records.first?.name, location, error)
        }
        guard decoded.map(\.count) == records.map(\.byteCount) else {
            throw step.undecodable(
                records.first?.name, location, CodecError(.corrupt, "a lossless group of another size"))
        }
        return zip(decoded, members).map { ChainLink(bytes: $0, earlier: $1.previous) }
    }
}

/// Small lossless groups that were decoded lately, for those who take their tensors one by one. Safe from several
/// threads.
final class RecentLosslessGroups: Sendable {
    struct Key: Sendable, Hashable {
        var step: Int
        var losslessGroup: Int
    }

    private let losslessGroups = Mutex<[(key: Key, tensors: [[UInt8]])]>([])

    /// Lossless groups kept at a time, and the bytes of the largest one that is: a lossless group of small tensors
    /// stays below.
    private static let limit = 8, largest = 4 << 20

    func tensors(_ key: Key) -> [[UInt8]]? {
        losslessGroups.withLock { $0.first { $0.key == key }?.tensors }
    }

    func keep(_ tensors: [[UInt8]], _ key: Key) {
        guard tensors.count > 1, tensors.reduce(0, { $0 + $1.count }) <= Self.largest else { return }
        losslessGroups.withLock {
            $0.removeAll { $0.key == key }
            if $0.count >= Self.limit { $0.removeFirst() }
            $0.append((key, tensors))
        }
    }
}
