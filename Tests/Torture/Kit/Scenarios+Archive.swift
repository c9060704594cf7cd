import FileSystem
import TensorFiles
import Varve

extension Scenarios {
    private static func restore(
        _ workspace: Workspace, _ selection: RestoreOptions.Selection, overwrite: Bool = false
    ) async throws {
        let options = RestoreOptions(selection: selection, overwrite: overwrite, threads: 1)
        try await Restorer(archive: workspace.archive, options: options).restore(to: workspace.output)
    }

    private static func export(_ workspace: Workspace, overwrite: Bool = false) async throws {
        var options = RestoreOptions(selection: .step(20), overwrite: overwrite, threads: 1)
        options.format = .safetensors(shardBytes: 4000)
        try await Restorer(archive: workspace.archive, options: options).restore(to: workspace.output)
    }

    static let restoring: [Scenario] = [
        // Restored once more over what is there, in case that it was complete when the command ended.
        Scenario(
            "restore --step 20", isDurable: false,
            arguments: { ["restore", $0.archive, "--step", "20", "-o", $0.output, "--threads", "1"] }
        ) { workspace in
            try await whole(workspace, transform)
        } again: { workspace in
            try await restore(workspace, .step(20), overwrite: true)
        } command: { workspace, _ in
            try await restore(workspace, .step(20))
        },
        Scenario(
            "restore --step all", isDurable: false,
            arguments: { ["restore", $0.archive, "--step", "all", "-o", $0.output, "--threads", "1"] }
        ) { workspace in
            try await whole(workspace)
        } again: { workspace in
            try await restore(workspace, .all, overwrite: true)
        } command: { workspace, _ in
            try await restore(workspace, .all)
        },
        Scenario(
            "restore --overwrite", isDurable: false,
            arguments: { ["restore", $0.archive, "--step", "30", "-o", $0.output, "--threads", "1", "--overwrite"] }
        ) { workspace in
            try await whole(workspace)
            try await restore(workspace, .step(10))
            try Shell.copy(workspace.path("run/notes.txt"), to: Paths.join(workspace.output, "mine.txt"))
        } command: { workspace, _ in
            try await restore(workspace, .step(30), overwrite: true)
        },
        Scenario(
            "restore --as safetensors", isDurable: false,
            arguments: {
                [
                    "restore", $0.archive, "--step", "20", "-o", $0.output, "--threads", "1", "--as", "safetensors",
                    "--shard-size", "4kB",
                ]
            }
        ) { workspace in
            try await whole(workspace, transform)
        } again: { workspace in
            try await export(workspace, overwrite: true)
        } command: { workspace, _ in
            try await export(workspace)
        },
        Scenario("verify --deep", isReport: true, arguments: { ["verify", $0.archive, "--deep", "--threads", "1"] }) {
            workspace in
            try await whole(workspace, transform)
        } command: { workspace, _ in
            let result = try await Verifier(archive: workspace.archive, deep: true, threads: 1).verify()
            if let finding = result.findings.first {
                throw VarveError(.damaged, finding.message, file: finding.file)
            }
        },
    ]

    /// One file of each kind damaged: a part, a part's parity, a manifest, the run's own part; a parity is missing.
    private static func damage(_ workspace: Workspace) throws {
        func change(_ name: String, at offset: Int) throws {
            let path = Paths.join(workspace.archive, name)
            var bytes = try Tree.bytes(path)
            bytes[offset % bytes.count] ^= 0x10
            let file = try OutputFile(path)
            try file.write(bytes, at: 0)
            try file.commit(sync: false)
        }
        try change("steps/000000000020/0000.part", at: 1000)
        try change("steps/000000000030/0000.parity", at: 40)
        try change("steps/000000000030/step.manifest", at: 100)
        try change("run-0000.part", at: 17)
        try SystemCalls.unlink(Paths.join(workspace.archive, "steps/000000000010/0000.parity"))
    }

    static let mending: [Scenario] = [
        Scenario("repair", isReport: true, mends: true, arguments: { ["repair", $0.archive] }) { workspace in
            try await whole(workspace)
            try damage(workspace)
        } command: { workspace, tell in
            let result = try Repairer(archive: workspace.archive).repair()
            if let lost = result.lost.first { throw VarveError(.damaged, lost.reason, file: lost.file) }
            tell("done")
        }
    ]

    /// A command that only writes to the archive, and says nothing before it is through.
    private static func changing(
        _ name: String, drops: Set<Int>, _ words: [String], method: CompressionOptions.Method = transform,
        before: @escaping @Sendable (Forgetter) throws -> Void = { _ in },
        _ body: @escaping @Sendable (Forgetter) throws -> Void
    ) -> Scenario {
        Scenario(name, drops: drops, arguments: { [words[0], $0.archive] + words.dropFirst() }) { workspace in
            try await whole(workspace, method)
            try before(Forgetter(archive: workspace.archive))
        } command: { workspace, tell in
            try body(Forgetter(archive: workspace.archive))
            tell("done")
        }
    }

    /// Steps that stay are taken again: the third builds on the second then, and nothing on the first.
    private static func rebasing(
        _ name: String, _ method: CompressionOptions.Method, prune: Bool = false,
        momentsOf steps: ClosedRange<Int>? = nil
    ) -> Scenario {
        Scenario(
            name, drops: [10],
            arguments: {
                ["forget", $0.archive, "--keep-last", "2", "--rebase", "--threads", "1"] + (prune ? ["--now"] : [])
            }
        ) { workspace in
            try await whole(workspace, method)
            guard let steps else { return }
            _ = try Forgetter(archive: workspace.archive).forget(
                ForgetPolicy(steps: [steps], momentsOnly: true), prune: true)
        } command: { workspace, tell in
            _ = try await Rebaser(archive: workspace.archive, options: RebaseOptions(threads: 1)).forget(
                ForgetPolicy(keepLast: 2), prune: prune)
            tell("done")
        }
    }

    static let forgetting: [Scenario] = [
        rebasing("forget --rebase", transform), rebasing("forget --rebase (lossless)", .lossless),
        rebasing("forget --rebase --now", transform, prune: true),
        rebasing("forget --rebase, without moments", transform, momentsOf: 20...20),
        changing("forget", drops: [10, 20], ["forget", "--keep-last", "1"]) {
            _ = try $0.forget(ForgetPolicy(keepLast: 1))
        },
        changing("forget --now", drops: [10, 20], ["forget", "--keep-last", "1", "--now"]) {
            _ = try $0.forget(ForgetPolicy(keepLast: 1), prune: true)
        },
        changing(
            "forget --now (lossless)", drops: [10, 20], ["forget", "--keep-last", "1", "--now"], method: .lossless
        ) {
            _ = try $0.forget(ForgetPolicy(keepLast: 1), prune: true)
        },
        changing("prune", drops: [], ["prune"]) {
            _ = try $0.forget(ForgetPolicy(steps: [10...20]))
        } _: {
            _ = try $0.prune()
        },
        changing("prune, moments only", drops: [], ["prune"]) {
            _ = try $0.forget(ForgetPolicy(steps: [10...20], momentsOnly: true))
        } _: {
            _ = try $0.prune()
        },
        Scenario("prune, replaced", arguments: { ["prune", $0.archive] }) { workspace in
            try await rewritten(workspace, transform)
            try await compress(workspace, transform, replaces: true)
        } command: { workspace, tell in
            _ = try Forgetter(archive: workspace.archive).prune()
            tell("done")
        },
        changing("pin", drops: [], ["pin", "--steps", "20"]) { _ = try $0.pin([20...20]) },
        changing("forget --undo", drops: [], ["forget", "--undo"]) {
            _ = try $0.forget(ForgetPolicy(steps: [10...20]))
        } _: {
            _ = try $0.undo()
        },
    ]
}
