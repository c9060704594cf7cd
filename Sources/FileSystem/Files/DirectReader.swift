import Glibc
import Synchronization

/// Large ranges of a file, read past the system's page cache. Safe from several threads.
final class DirectReader: Sendable {
    /// Pieces so large are worth it.
    static let largePiece = 256 << 10

    private let direct: Int32
    private let path: String

    /// - Parameter descriptor: of a file that stays open as long as this object lives.
    /// - Returns: `nil` where the file system has no such access.
    init?(_ descriptor: Int32, path: String) {
        guard let direct = SystemCalls.openDirectly(descriptor, writing: false) else { return nil }
        self.direct = direct
        self.path = path
    }

    deinit { SystemCalls.closeDirectly(direct) }

    /// Whether a range is large, and is not in the page cache.
    static func isWorthwhile(_ descriptor: Int32, at offset: UInt64, count: Int) -> Bool {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(count))
        return count >= largePiece && !overflow && !SystemCalls.isCached(descriptor, offset..<end)
    }

    /// Reads as much of the beginning of `buffer` as can be read so.
    /// - Returns: how much that was; less than all of it where the file system refuses or the file ends.
    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) -> Int {
        guard let target = buffer.baseAddress else { return 0 }
        let window = DirectWindow.take()
        defer { DirectWindow.giveBack(window) }
        var done = 0
        while done < buffer.count {
            let position = offset + UInt64(done)
            let skipped = Int(position % UInt64(DirectWindow.block))
            let wanted = min(skipped + buffer.count - done, DirectWindow.byteCount)
            let count = (wanted + DirectWindow.block - 1) / DirectWindow.block * DirectWindow.block
            let found = try SystemCalls.read(
                directly: direct, window, count, at: position - UInt64(skipped), path: path)
            guard let found, found > skipped else { break }
            let used = min(found, wanted) - skipped
            (target + done).copyMemory(from: window + skipped, byteCount: used)
            done += used
        }
        return done
    }
}

/// Memory that is aligned for direct access, used again and again.
enum DirectWindow {
    /// Offsets, counts and memory are multiples of this; no disk has larger blocks.
    static let block = 4096
    /// Bytes at a time: enough for a disk to be at its fastest, little enough to stay in a core's cache.
    static let byteCount = 1 << 20

    /// A window between its users, of whom there is one at a time.
    private struct Window: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer
    }

    /// The last one given back is the first one used: no more of them are touched than are needed at once.
    private static let free = Mutex<[Window]>([])

    static func take() -> UnsafeMutableRawPointer {
        let known = free.withLock { $0.popLast() }
        return known?.pointer ?? UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: block)
    }

    static func giveBack(_ pointer: UnsafeMutableRawPointer) {
        let window = Window(pointer: pointer)
        free.withLock { $0.append(window) }
    }
}
