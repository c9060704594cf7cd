import COpenBLAS
import Glibc
import Synchronization

/// Whether OpenBLAS may be asked for a product.
///
/// It takes a buffer of its own, 128 MB as a rule, for every thread that is in it at the time, keeps it, and where the
/// system refuses one it asks again for ever. So nobody goes in who could need a buffer that is not there: under a limit on
/// the address space (`ulimit -v`) the products are taken by `IntegerProduct`, slower and with the same bits.
final class LibraryRoom: Sendable {
    static let shared = LibraryRoom(probe: LibraryRoom.hasRoom, warmUp: LibraryRoom.takeBuffer)

    private struct State {
        var inside = 0
        /// Buffers that the library is known to have.
        var granted = 0
    }

    private let state = Mutex(State())
    private let probe: @Sendable () -> Bool
    private let warmUp: @Sendable () -> Void

    /// - Parameters:
    ///   - probe: whether the system would give one more buffer now.
    ///   - warmUp: makes the library take it.
    init(probe: @escaping @Sendable () -> Bool, warmUp: @escaping @Sendable () -> Void) {
        self.probe = probe
        self.warmUp = warmUp
    }

    /// Runs `product` where the library has a buffer for it.
    /// - Returns: whether it did.
    func enter(_ product: () -> Void) -> Bool {
        let mayEnter = state.withLock { state in
            if state.inside == state.granted {
                guard probe() else { return false }
                // Taken here, where nobody else can come in between: not every product needs the buffer, and the next
                // that does must not find the room gone.
                warmUp()
                state.granted += 1
            }
            state.inside += 1
            return true
        }
        guard mayEnter else { return false }
        product()
        state.withLock { $0.inside -= 1 }
        return true
    }

    /// Address space that must be free before the library is let take a buffer: some of them are four times as large as
    /// usual, and other threads go on asking for memory.
    private static let wanted = 512 << 20

    private static func hasRoom() -> Bool {
        let block = mmap(nil, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let block, block != MAP_FAILED else { return false }
        munmap(block, wanted)
        return true
    }

    /// One thread a call: the callers are parallel themselves. Results do not depend on it.
    private static let oneThread: Void = openblas_set_num_threads(1)

    private static func takeBuffer() {
        _ = oneThread
        // Smaller ones go without a buffer.
        let side = 128, matrix = [Double](repeating: 0, count: side * side), size = Int32(side)
        var result = matrix
        cblas_dgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, size, size, size, 1, matrix, size, matrix, size, 0, &result, size
        )
    }
}
