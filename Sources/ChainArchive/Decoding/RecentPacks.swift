import Synchronization

/// Small packs that were decoded lately, for those who take their tensors one by one. Safe from several threads.
final class RecentPacks: Sendable {
    struct Key: Sendable, Hashable {
        var step: Int
        var pack: Int
    }

    private let packs = Mutex<[(key: Key, tensors: [[UInt8]])]>([])

    /// Packs kept at a time, and the bytes of the largest one that is: a pack of small tensors stays below.
    private static let limit = 8, largest = 4 << 20

    func tensors(_ key: Key) -> [[UInt8]]? {
        packs.withLock { $0.first { $0.key == key }?.tensors }
    }

    func remember(_ tensors: [[UInt8]], _ key: Key) {
        guard tensors.count > 1, tensors.reduce(0, { $0 + $1.count }) <= Self.largest else { return }
        packs.withLock {
            $0.removeAll { $0.key == key }
            if $0.count >= Self.limit { $0.removeFirst() }
            $0.append((key, tensors))
        }
    }
}
