import Synchronization
package import TensorCodecs

/// The workspaces of a step's threads: as many as work at the same time.
package final class WorkspacePool: Sendable {
    private let idle = Mutex<[ExcpWorkspace]>([])

    /// Runs `body` with a workspace of its own.
    package func withWorkspace<Result, Failure: Error>(
        _ body: (ExcpWorkspace) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let workspace = idle.withLock { $0.popLast() } ?? ExcpWorkspace()
        defer { idle.withLock { $0.append(workspace) } }
        return try body(workspace)
    }
}
