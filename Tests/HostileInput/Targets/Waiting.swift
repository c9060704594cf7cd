import Dispatch
import Synchronization

/// Waits for asynchronous work where there is nothing asynchronous, as in a function that C calls.
enum Waiting {
    private final class Box<Success: Sendable>: Sendable {
        let result = Mutex<Result<Success, any Error>?>(nil)
    }

    static func run<Success: Sendable>(_ body: @escaping @Sendable () async throws -> Success) throws -> Success {
        let box = Box<Success>(), done = DispatchSemaphore(value: 0)
        Task.detached {
            let result: Result<Success, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            box.result.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        guard let result = box.result.withLock({ $0 }) else { throw BrokenPromise("work without a result") }
        return try result.get()
    }
}
