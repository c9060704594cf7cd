import Synchronization

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
