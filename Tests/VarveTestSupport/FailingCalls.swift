import Glibc
import Synchronization
package import FileSystem
import TensorFiles

/// Makes system calls of the process fail or end it, from the n-th matching one on or that one alone; see
/// `SystemCalls.install`. The injector is the process's, and tests run side by side: give it the path of the test's own
/// directory as `pathPart`, and install it with `installed`, which lets one test in after the other.
package final class FailingCalls: SystemCalls.FaultInjector {
    /// When, in the course of a call, the process is killed (SIGKILL: nothing is cleaned up).
    package enum Death: String, Sendable, CaseIterable {
        case before, after
        /// Half of a write's bytes are written; of other calls there is no middle.
        case halfway
    }

    private let calls: Set<SystemCalls.Name>
    private let first: Int
    private let number: Int32
    package let isLasting: Bool
    private let death: Death?
    private let pathPart: String
    private let writeLimit: Int?
    private let readLimit: Int?
    private let seen = Atomic<Int>(0)
    private let hit = Atomic<Int>(0)
    private let interruptions = Atomic<Int>(0)

    /// - Parameters:
    ///   - first: which of the matching calls fails, counted from 0.
    ///   - number: the errno. EINTR interrupts a call once, also where it lasts: for ever would be for ever.
    ///   - calls: which kinds of calls count; all by default.
    ///   - pathPart: only calls whose path contains this count.
    ///   - isLasting: whether all later matching calls fail as well (a full disk).
    ///   - death: whether the process ends there instead.
    ///   - writeLimit: the most bytes a write takes.
    ///   - readLimit: the most bytes a read gives.
    package init(
        failAt first: Int, _ number: Int32, calls: Set<SystemCalls.Name> = Set(SystemCalls.Name.allCases),
        pathPart: String = "", isLasting: Bool = false, death: Death? = nil, writeLimit: Int? = nil,
        readLimit: Int? = nil
    ) {
        self.calls = calls
        self.first = first
        self.number = number
        self.isLasting = isLasting
        self.death = death
        self.pathPart = pathPart
        self.writeLimit = writeLimit
        self.readLimit = readLimit
    }

    /// Matching calls so far.
    package var count: Int { seen.load(ordering: .sequentiallyConsistent) }
    /// Calls that were made to fail.
    package var failures: Int { hit.load(ordering: .sequentiallyConsistent) }

    private func matches(_ call: SystemCalls.Name, _ path: String) -> Bool {
        calls.contains(call) && (pathPart.isEmpty || path.contains(pathPart))
    }

    package func errorNumber(for call: SystemCalls.Name, path: String) -> Int32? {
        guard matches(call, path) else { return nil }
        if number == EINTR, interruptions.load(ordering: .sequentiallyConsistent) > 0 {
            // The call that was interrupted is made again.
            interruptions.wrappingSubtract(1, ordering: .sequentiallyConsistent)
            return nil
        }
        let index = seen.wrappingAdd(1, ordering: .sequentiallyConsistent).oldValue
        guard index == first || (isLasting && index > first) else { return nil }
        if let death {
            if death == .before { Self.die() }
            return nil
        }
        hit.wrappingAdd(1, ordering: .sequentiallyConsistent)
        // Closing is not repeated.
        if number == EINTR, call != .close, call != .list, call != .seek {
            interruptions.wrappingAdd(1, ordering: .sequentiallyConsistent)
        }
        return number
    }

    package func shortWrite(path: String, count: Int) -> Int? {
        // Asked before `errorNumber` counts the call.
        if death == .halfway, matches(.write, path), self.count == first { return count / 2 }
        return pathPart.isEmpty || path.contains(pathPart) ? writeLimit : nil
    }

    package func shortRead(path: String, count: Int) -> Int? {
        pathPart.isEmpty || path.contains(pathPart) ? readLimit : nil
    }

    package func performed(_ call: SystemCalls.Name, path: String, _ effect: SystemCalls.Effect) {
        guard let death, death != .before, matches(call, path), count == first + 1 else { return }
        Self.die()
    }

    private static func die() -> Never {
        kill(getpid(), SIGKILL)
        while true { pause() }
    }

    private static let turn = Mutex<Void>(())

    /// Runs `body` with this injector installed. Another test's call waits until it is through.
    package func installed<Result>(_ body: () throws -> Result) rethrows -> Result {
        try Self.turn.withLock { _ in
            SystemCalls.install(self)
            defer { SystemCalls.install(nil) }
            return try body()
        }
    }
}
