import Dispatch
import Synchronization

/// Large ranges of a file, written past the system's page cache by threads that do nothing else.
///
/// A restored checkpoint is larger than what a machine has use for in its cache: written through it, it pushes out the
/// data of the training beside it, and getting new pages for all of it can cost more than decoding it. Safe from several
/// threads.
final class DirectWriter: Sendable {
    /// Threads that wait for disks, so that those that compute need not.
    private static let queue = DispatchQueue(label: "varve.disk", qos: .userInitiated, attributes: .concurrent)
    /// Windows that may be on their way, of all files together.
    private static let room = DispatchSemaphore(value: 32)

    private let file: PooledDescriptor
    private let path: String
    private let underway = DispatchGroup()

    private struct Outcome {
        var failure: VarveError?
        var isRefused = false
        /// Where what is not written yet belongs.
        var ranges: [Range<UInt64>] = []
        /// Whole windows that were written, and the shortest time one took: the others may have waited for a core.
        var windows = 0
        var shortest = Duration.seconds(1)

        /// Whether the disk takes less than 400 MB in a second: a cache then has something to offer.
        var isSlow: Bool { windows >= 16 && shortest > .seconds(Double(DirectWindow.byteCount) / 400e6) }
    }
    private let outcome = Mutex(Outcome())

    /// - Parameter file: with a direct descriptor. What is on its way keeps it from being parked.
    init(_ file: PooledDescriptor, path: String) {
        self.file = file
        self.path = path
    }

    /// Takes as much of the beginning of `buffer` as can be written so. It is in the file after `finish`.
    /// - Returns: how much that was; 0 where the file system refuses, or the disk is slower than a cache would be.
    /// - Throws: what an earlier call came to, too.
    func write(_ buffer: UnsafeRawBufferPointer, at offset: UInt64) throws(VarveError) -> Int {
        var done = 0
        while done < buffer.count {
            let (failure, isOpen) = outcome.withLock { ($0.failure, !$0.isRefused && !$0.isSlow) }
            if let failure { throw failure }
            guard isOpen else { break }
            let position = offset + UInt64(done)
            // Up to the next block, whole blocks, and what is left of the last one.
            let head = (DirectWindow.block - Int(position % UInt64(DirectWindow.block))) % DirectWindow.block
            let whole = (buffer.count - done) / DirectWindow.block * DirectWindow.block
            let count = min(head > 0 ? head : whole > 0 ? whole : .max, DirectWindow.byteCount, buffer.count - done)
            let piece = UnsafeRawBufferPointer(rebasing: buffer[done..<done + count])
            waitForWrites(to: position..<position + UInt64(count))
            let open = try file.pin()
            do throws(VarveError) {
                try SystemCalls.beginWrite(open.file, piece, at: position, path: path)
            } catch {
                file.unpin()
                throw error
            }
            submit(piece, at: position, open)
            done += count
        }
        return done
    }

    /// Copies a piece and has it written; then unpins the file.
    private func submit(_ piece: UnsafeRawBufferPointer, at offset: UInt64, _ open: PooledDescriptor.Open) {
        let range = offset..<offset + UInt64(piece.count)
        outcome.withLock { $0.ranges.append(range) }
        Self.room.wait()
        nonisolated(unsafe) let window = UnsafeMutableRawBufferPointer(
            start: DirectWindow.take(), count: piece.count)
        window.copyMemory(from: piece)
        // Other bytes of a block that is not all of this may be in the cache alone.
        let isWhole = (Int(offset % UInt64(DirectWindow.block)) | piece.count) % DirectWindow.block == 0
        Self.queue.async(group: underway) { [self] in
            defer {
                file.unpin()
                outcome.withLock { outcome in
                    if let position = outcome.ranges.firstIndex(of: range) { outcome.ranges.remove(at: position) }
                }
                if let memory = window.baseAddress { DirectWindow.giveBack(memory) }
                Self.room.signal()
            }
            let clock = ContinuousClock(), start = clock.now
            do throws(VarveError) {
                let isDirect = try SystemCalls.finishWrite(
                    open.file, directly: isWhole ? open.direct : nil, UnsafeRawBufferPointer(window), at: offset,
                    path: path)
                guard isWhole else { return }
                let duration = start.duration(to: clock.now)
                outcome.withLock {
                    $0.isRefused = $0.isRefused || !isDirect
                    guard window.count == DirectWindow.byteCount else { return }
                    $0.windows += 1
                    $0.shortest = min($0.shortest, duration)
                }
            } catch {
                outcome.withLock { $0.failure = $0.failure ?? error }
            }
        }
    }

    /// Waits until nothing is on its way to a range: what is written there next is written last.
    func waitForWrites(to range: Range<UInt64>) {
        if outcome.withLock({ $0.ranges.contains { $0.overlaps(range) } }) { underway.wait() }
    }

    /// Waits until all that was taken is written.
    func finish() throws(VarveError) {
        underway.wait()
        if let failure = outcome.withLock({ $0.failure }) { throw failure }
    }
}
