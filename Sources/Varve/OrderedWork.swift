#if canImport(Glibc)
import Glibc
#endif

/// Runs work on several threads and hands over the results in order.
enum OrderedWork {
    /// The default number of threads: the cores this process may use.
    static func defaultThreads() -> Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// Applies `work` to every item, at most `threads` at a time, and `consume` to the results in the items' order.
    ///
    /// At most `threads` + 1 results exist at once, so memory is bounded by the largest items. The first error stops
    /// everything.
    /// - Parameter cost: bytes an item takes; together they stay within the workers' room, but for one that exceeds it
    ///   alone.
    /// - Throws: what `work` or `consume` threw; `.interrupted` when the task is cancelled.
    static func run<Item: Sendable, Result: Sendable>(
        _ items: [Item], _ workers: Workers, cost: (Item) -> Int = { _ in 0 },
        work: @escaping @Sendable (Item) throws(VarveError) -> Result, consume: (Result) throws(VarveError) -> Void
    ) async throws(VarveError) {
        let threads = workers.threads, room = workers.room
        do {
            try await withThrowingTaskGroup(of: (Int, Result).self) { group in
                var started = 0, consumed = 0, taken = 0
                var costs: [Int] = []
                var waiting: [Int: Result] = [:]
                while consumed < items.count {
                    while started < items.count, started - consumed <= threads,
                        started - consumed - waiting.count < threads
                    {
                        let index = started, item = items[started]
                        let needed = cost(item)
                        guard needed <= room - taken || started == consumed else { break }
                        taken += needed
                        costs.append(needed)
                        group.addTask { (index, try work(item)) }
                        started += 1
                    }
                    guard let (index, result) = try await group.next() else { break }
                    if Task.isCancelled { throw VarveError(.interrupted, "interrupted") }
                    waiting[index] = result
                    while let next = waiting.removeValue(forKey: consumed) {
                        try consume(next)
                        taken -= costs[consumed]
                        consumed += 1
                    }
                }
            }
        } catch let error as VarveError {
            throw error
        } catch {
            throw VarveError(.interrupted, "interrupted", cause: error)
        }
    }
}
