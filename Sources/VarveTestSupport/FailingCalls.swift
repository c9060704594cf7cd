import Synchronization
package import TensorFiles

/// Makes system calls of the process fail, from the n-th matching one on or that one alone; see
/// `SystemCalls.install`. The injector is the process's: tests that install one must not run beside others that touch
/// files (`.serialized`, or a path filter).
package final class FailingCalls: SystemCalls.FaultInjector {
    private let calls: Set<SystemCalls.Name>
    private let first: Int
    private let number: Int32
    private let isLasting: Bool
    private let pathPart: String
    private let writeLimit: Int?
    private let seen = Atomic<Int>(0)

    /// - Parameters:
    ///   - first: which of the matching calls fails, counted from 0.
    ///   - number: the errno.
    ///   - calls: which kinds of calls count; all by default.
    ///   - pathPart: only calls whose path contains this count.
    ///   - isLasting: whether all later matching calls fail as well (a full disk).
    ///   - writeLimit: the most bytes a write takes.
    package init(
        failAt first: Int, _ number: Int32, calls: Set<SystemCalls.Name> = Set(SystemCalls.Name.allCases),
        pathPart: String = "", isLasting: Bool = false, writeLimit: Int? = nil
    ) {
        self.calls = calls
        self.first = first
        self.number = number
        self.isLasting = isLasting
        self.pathPart = pathPart
        self.writeLimit = writeLimit
    }

    /// Matching calls so far.
    package var count: Int { seen.load(ordering: .sequentiallyConsistent) }

    package func errorNumber(for call: SystemCalls.Name, path: String) -> Int32? {
        guard calls.contains(call), pathPart.isEmpty || path.contains(pathPart) else { return nil }
        let index = seen.wrappingAdd(1, ordering: .sequentiallyConsistent).oldValue
        return index == first || (isLasting && index > first) ? number : nil
    }

    package func shortWrite(path: String, count: Int) -> Int? {
        pathPart.isEmpty || path.contains(pathPart) ? writeLimit : nil
    }

    /// Runs `body` with this injector installed.
    package func installed<Result>(_ body: () throws -> Result) rethrows -> Result {
        SystemCalls.install(self)
        defer { SystemCalls.install(nil) }
        return try body()
    }
}
