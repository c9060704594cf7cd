package import FileSystem
import TensorFiles
/// Runs work on several threads and hands over the results in order.
package enum OrderedWork {
    /// Results that wait for one before them: at most so many bytes, and so many of them.
    private static let heldBytes = 64 << 20
    private static let heldResults = 64

    /// Applies `work` to every item, at most `threads` at a time, and `consume` to the results in the items' order.
    ///
    /// Memory is bounded by the largest items and by what results may wait for an earlier one. The first error stops
    /// everything. Several threads find one more item ready when they are done with theirs, so that none waits while a
    /// result is consumed; a single thread works and consumes by turns.
    /// - Parameters:
    ///   - cost: bytes an item takes while it is worked on; together with the results that wait they stay within the
    ///     workers' room, but for one item that exceeds it alone.
    ///   - held: bytes that a result takes until it is consumed.
    /// - Throws: what `work` or `consume` threw; `.interrupted` when the task is cancelled.
    package static func run<Item: Sendable, Result: Sendable>(
        _ items: [Item], _ workers: Workers, cost: (Item) -> Int = { _ in 0 }, held: (Result) -> Int = { _ in 0 },
        work: @escaping @Sendable (Item) throws(VarveError) -> Result, consume: (Result) throws(VarveError) -> Void
    ) async throws(VarveError) {
        let threads = workers.threads, room = workers.room
        let ready = threads > 1 ? threads + 1 : 1
        let gate = Gate(threads)
        do {
            try await withThrowingTaskGroup(of: (Int, Result).self) { group in
                var started = 0, consumed = 0, taken = 0, kept = 0
                var waiting: [Int: Result] = [:]
                while consumed < items.count {
                    while started < items.count, started - consumed - waiting.count < ready,
                        waiting.count < heldResults, kept <= heldBytes
                    {
                        let index = started, item = items[started]
                        let needed = cost(item)
                        guard needed <= room - taken - kept || started == consumed else { break }
                        taken += needed
                        group.addTask {
                            await gate.enter()
                            defer { gate.leave() }
                            try Task.checkCancellation()
                            return (index, try work(item))
                        }
                        started += 1
                    }
                    guard let (index, result) = try await group.next() else { break }
                    if Task.isCancelled { throw VarveError(.interrupted, "interrupted") }
                    taken -= cost(items[index])
                    kept += held(result)
                    waiting[index] = result
                    while let next = waiting.removeValue(forKey: consumed) {
                        try consume(next)
                        kept -= held(next)
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
