import FileSystem
import TensorFiles
import Varve

/// Several workers at one archive.
extension Scenarios {
    private static func work(_ workspace: Workspace, _ index: Int, of count: Int, commits: Bool = true) async throws {
        var part = PartOptions(index: index, count: count)
        part.commits = commits
        _ = try await PartWorker(
            run: workspace.run, archive: workspace.archive, options: CompressionOptions(method: transform, threads: 1),
            part: part, progress: nil
        ).compress()
    }

    /// Runs all workers until every step is there.
    private static func workAll(_ workspace: Workspace, of count: Int) async throws {
        for _ in 0..<8 {
            for index in 0..<count { try await work(workspace, index, of: count) }
        }
    }

    static let sharing: [Scenario] = [
        Scenario(
            "compress --part 0/1",
            arguments: { ["compress", $0.run, $0.archive, "--part", "0/1", "--threads", "1"] }
        ) { workspace in
            try TortureRun.make(at: workspace.run, scale: workspace.scale)
        } command: { workspace, tell in
            try await work(workspace, 0, of: 1)
            tell("done")
        },
        Scenario("compress --part, append") { workspace in
            try await grown(workspace, transform)
            try await work(workspace, 1, of: 3)
        } command: { workspace, tell in
            try await workAll(workspace, of: 3)
            tell("done")
        },
        Scenario("commit", arguments: { ["commit", $0.archive] }) { workspace in
            try await grown(workspace, transform)
            // Payload waits for the step before, which is there.
            for index in 0..<2 { try await work(workspace, index, of: 2, commits: false) }
        } command: { workspace, tell in
            _ = try PartCommitter(archive: workspace.archive, wait: nil).commitAll()
            tell("done")
        },
    ]
}
