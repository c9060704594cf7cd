import Glibc
import Synchronization
package import TensorFiles

/// Makes system calls of the process fail, from the n-th matching one on or that one alone; see
/// `SystemCalls.install`. The injector is the process's, and tests run side by side: give it the path of the test's own
/// directory as `pathPart`, and install it with `installed`, which lets one test in after the other.
package final class FailingCalls: SystemCalls.FaultInjector {
    private let calls: Set<SystemCalls.Name>
    private let first: Int
    private let number: Int32
    private let isLasting: Bool
    private let endsProcess: Bool
    private let pathPart: String
    private let writeLimit: Int?
    private let seen = Atomic<Int>(0)

    /// - Parameters:
    ///   - first: which of the matching calls fails, counted from 0.
    ///   - number: the errno.
    ///   - calls: which kinds of calls count; all by default.
    ///   - pathPart: only calls whose path contains this count.
    ///   - isLasting: whether all later matching calls fail as well (a full disk).
    ///   - endsProcess: whether the process ends there (exit status 86, nothing cleaned up) instead; for exit tests.
    ///   - writeLimit: the most bytes a write takes.
    package init(
        failAt first: Int, _ number: Int32, calls: Set<SystemCalls.Name> = Set(SystemCalls.Name.allCases),
        pathPart: String = "", isLasting: Bool = false, endsProcess: Bool = false, writeLimit: Int? = nil
    ) {
        self.calls = calls
        self.first = first
        self.number = number
        self.isLasting = isLasting
        self.endsProcess = endsProcess
        self.pathPart = pathPart
        self.writeLimit = writeLimit
    }

    /// Matching calls so far.
    package var count: Int { seen.load(ordering: .sequentiallyConsistent) }

    package func errorNumber(for call: SystemCalls.Name, path: String) -> Int32? {
        guard calls.contains(call), pathPart.isEmpty || path.contains(pathPart) else { return nil }
        let index = seen.wrappingAdd(1, ordering: .sequentiallyConsistent).oldValue
        guard index == first || (isLasting && index > first) else { return nil }
        if endsProcess { _exit(86) }
        return number
    }

    package func shortWrite(path: String, count: Int) -> Int? {
        pathPart.isEmpty || path.contains(pathPart) ? writeLimit : nil
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
