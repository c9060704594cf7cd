import Dispatch

extension FuzzTarget {
    /// Runs inputs from where others wait for the thread: targets block theirs while they wait for asynchronous work.
    package func run(all inputs: [[UInt8]]) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            DispatchQueue(label: "fuzz target").async {
                continuation.resume(with: Result { for input in inputs { try run(input) } })
            }
        }
    }
}
