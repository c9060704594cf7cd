import Glibc
import Synchronization

/// Memory that is aligned for direct access, used again and again.
enum DirectWindow {
    /// Offsets, counts and memory are multiples of this; no disk has larger blocks.
    static let block = 4096
    /// Bytes at a time: enough for a disk to be at its fastest, little enough to stay in a core's cache.
    static let byteCount = 1 << 20

    private struct Free: @unchecked Sendable {
        /// The last one given back is the first one used: no more of them are touched than are needed at once.
        var windows: [UnsafeMutableRawPointer] = []
    }
    private static let free = Mutex(Free())

    static func take() -> UnsafeMutableRawPointer {
        let known = free.withLock { free in free.windows.popLast().map { Handle($0) } }
        return known?.pointer ?? UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: block)
    }

    static func giveBack(_ window: UnsafeMutableRawPointer) {
        let handle = Handle(window)
        free.withLock { $0.windows.append(handle.pointer) }
    }

    /// A window between its users, of whom there is one at a time.
    private struct Handle: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer
        init(_ pointer: UnsafeMutableRawPointer) { self.pointer = pointer }
    }
}
