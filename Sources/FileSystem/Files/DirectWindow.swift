import Glibc
import Synchronization

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
