import FileSystem
import TensorFiles
import Varve

/// Every command that writes something, in the states that differ.
package enum Scenarios {
    package static let all: [Scenario] =
        compressing + [keepingState] + sharing + replacing + removing + restoring + forgetting + mending

    package static func named(_ name: String) -> Scenario? { all.first { $0.name == name } }

    static let transform = CompressionOptions.Method.transform(TransformOptions())

    static func compress(
        _ workspace: Workspace, _ method: CompressionOptions.Method = .lossless, removal: SourceRemoval? = nil,
        replaces: Bool = false, keepsState: Bool = false, tell: (@Sendable (String) -> Void)? = nil
    ) async throws {
        var options = CompressionOptions(method: method, threads: 1, removal: removal)
        options.replaces = replaces
        if keepsState { options.state = workspace.state }
        _ = try await Compressor(run: workspace.run, archive: workspace.archive, options: options).compress { event in
            if case .finished(let number, _, _) = event { tell?(String(number)) }
        }
        tell?("done")
    }

    /// The archive of the first two steps, and a run that has got a third.
    static func grown(
        _ workspace: Workspace, _ method: CompressionOptions.Method, keepsState: Bool = false
    ) async throws {
        try TortureRun.make(at: workspace.run, steps: 2, scale: workspace.scale)
        try await compress(workspace, method, keepsState: keepsState)
        try Directories.remove(workspace.run)
        try TortureRun.make(at: workspace.run, scale: workspace.scale)
    }

    /// The archive of the whole run.
    static func whole(_ workspace: Workspace, _ method: CompressionOptions.Method = .lossless) async throws {
        try TortureRun.make(at: workspace.run, scale: workspace.scale)
        try await compress(workspace, method)
    }

    private static let compressing: [Scenario] = [
        (CompressionOptions.Method.lossless, "lossless", ""), (transform, "balanced", " (lossy)"),
    ]
    .flatMap { method, quality, suffix in
        let arguments: @Sendable (Workspace) -> [String] = {
            ["compress", $0.run, $0.archive, "--quality", quality, "--threads", "1"]
        }
        return [
            Scenario("compress, new archive" + suffix, arguments: arguments) { workspace in
                try TortureRun.make(at: workspace.run, scale: workspace.scale)
            } command: { workspace, tell in
                try await compress(workspace, method, tell: tell)
            },
            Scenario("compress, append" + suffix, arguments: arguments) { workspace in
                try await grown(workspace, method)
            } command: { workspace, tell in
                try await compress(workspace, method, tell: tell)
            },
        ]
    }

    /// The archive is what it would be without the state; nothing of that is promised.
    private static let keepingState = Scenario(
        "compress --state, append (lossy)",
        arguments: {
            ["compress", $0.run, $0.archive, "--quality", "balanced", "--threads", "1", "--state", $0.state]
        }
    ) { workspace in
        try await grown(workspace, transform, keepsState: true)
    } command: { workspace, tell in
        try await compress(workspace, transform, keepsState: true, tell: tell)
    }

    /// The archive of the whole run, of which two checkpoints were written again since.
    static func rewritten(_ workspace: Workspace, _ method: CompressionOptions.Method) async throws {
        try await whole(workspace, method)
        for step in [10, 20] { try TortureRun.rewrite(step, at: workspace.run) }
    }

    private static let replacing: [Scenario] = [
        (CompressionOptions.Method.lossless, "lossless", ""), (transform, "balanced", " (lossy)"),
    ]
    .map { method, quality, suffix in
        Scenario(
            "compress --replace" + suffix,
            arguments: {
                ["compress", $0.run, $0.archive, "--quality", quality, "--threads", "1", "--replace"]
            }
        ) { workspace in
            try await rewritten(workspace, method)
        } command: { workspace, tell in
            try await compress(workspace, method, replaces: true, tell: tell)
        }
    }

    private static let removing: [Scenario] = [
        Scenario(
            "compress --remove-source", removesSources: true, isRepeatable: false,
            arguments: {
                [
                    "compress", $0.run, $0.archive, "--quality", "lossless", "--threads", "1", "--remove-source",
                    "--keep-last", "1",
                ]
            }
        ) { workspace in
            try TortureRun.make(at: workspace.run, scale: workspace.scale)
        } command: { workspace, tell in
            try await compress(workspace, .lossless, removal: SourceRemoval(keepLast: 1), tell: tell)
        },
        // Looks for checkpoints on a thread of its own: the n-th call is another one each time.
        Scenario(
            "watch --remove-source", removesSources: true, isRepeatable: false, stride: 7,
            arguments: {
                [
                    "watch", $0.run, $0.archive, "--quality", "lossless", "--threads", "1", "--remove-source",
                    "--keep-last", "1", "--settle", "0", "--idle", "0.2", "--retries", "0",
                ]
            }
        ) { workspace in
            try TortureRun.make(at: workspace.run, scale: workspace.scale)
        } command: { workspace, tell in
            let options = WatchOptions(
                compression: CompressionOptions(method: .lossless, threads: 1), removal: SourceRemoval(keepLast: 1),
                settle: .zero, idle: .milliseconds(200), retries: 0)
            _ = try await Watcher(run: workspace.run, archive: workspace.archive, options: options).watch { event in
                if case .finished(let number, _, _) = event { tell(String(number)) }
            }
            tell("done")
        },
    ]
}
