import Glibc
import Synchronization

/// Bounds how many descriptors the files of a step keep open.
///
/// A step may have more files than a process may have descriptors. Where the limit is reached, the file that has been idle
/// for the longest time is parked: its descriptor is closed, and opened again by its next call. Below the limit nothing
/// is ever closed, and no call to the system is made that would not be made without a pool.
final class DescriptorPool: Sendable {
    static let shared = DescriptorPool(limit: defaultLimit)

    /// Leaves most of what the process may have to everything else.
    private static var defaultLimit: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return most }
        return max(least, Int(min(limit.rlim_cur / 4, rlim_t(most))))
    }
    private static let most = 128, least = 8

    private struct State {
        /// The files that are open. A file that is opened again is listed before anybody can park it.
        var files: [ObjectIdentifier: PooledDescriptor] = [:]
        /// Descriptors of these files, and of those that are just being opened.
        var count = 0
    }
    private let state = Mutex(State())
    private let limit: Int
    /// Counts calls, to tell which file has been idle for the longest time.
    private let clock = Atomic<UInt64>(0)

    /// - Parameter limit: descriptors; more are open only while more are in calls at the same time.
    init(limit: Int) { self.limit = limit }

    /// Descriptors that are open now.
    var count: Int { state.withLock { $0.count } }

    func tick() -> UInt64 { clock.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Reserves descriptors, and parks files as long as there is no room for them.
    func reserve(_ descriptors: Int) {
        while true {
            let idle = state.withLock { state -> (file: PooledDescriptor, open: PooledDescriptor.Open)? in
                while state.count + descriptors > limit, let file = Self.oldest(of: state.files.values) {
                    // Another thread may have begun a call of it since.
                    guard let open = file.takeIfIdle() else { continue }
                    state.files[ObjectIdentifier(file)] = nil
                    state.count -= file.descriptorCount
                    return (file, open)
                }
                // Where all are in calls, nobody waits: each thread has few calls at a time.
                state.count += descriptors
                return nil
            }
            // Closing may wait for a file server, so it is done outside of the lock.
            guard let idle else { return }
            idle.file.park(idle.open)
        }
    }

    /// The file whose last call is the longest ago; `nil` where all are in calls.
    private static func oldest(of files: some Sequence<PooledDescriptor>) -> PooledDescriptor? {
        var oldest: PooledDescriptor?, earliest = UInt64.max
        for file in files {
            let use = file.lastUse
            if use < earliest { (oldest, earliest) = (file, use) }
        }
        return oldest
    }

    func giveBack(_ descriptors: Int) { state.withLock { $0.count -= descriptors } }

    /// Lists a file that was opened with what was reserved.
    func add(_ file: PooledDescriptor) { state.withLock { $0.files[ObjectIdentifier(file)] = file } }

    /// Forgets a file that is closed for good.
    func remove(_ file: PooledDescriptor) {
        state.withLock {
            guard $0.files.removeValue(forKey: ObjectIdentifier(file)) != nil else { return }
            $0.count -= file.descriptorCount
        }
    }
}
