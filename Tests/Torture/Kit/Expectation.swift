import FileSystem
import TensorFiles
import Varve

/// What holds of a scenario's directory whatever happened to the command, found by running it undisturbed.
package struct Expectation: Sendable {
    package let scenario: Scenario
    /// The state before the command, to be copied.
    package let template: Workspace
    package let before: Tree
    package let after: Tree
    /// What each step restores to: as it was before the command, as it is after it.
    private var steps: [Int: [Tree]] = [:]
    /// What `restore --step all` gives after the command.
    private var all = Tree()
    private let stepsBefore: Set<Int>
    /// Takes what is restored to be looked at.
    private let scratch: String

    /// - Parameters:
    ///   - directory: takes the template and the undisturbed result; empty.
    ///   - scale: of the run.
    package init(_ scenario: Scenario, in directory: String, scale: Int = 1) async throws {
        self.scenario = scenario
        scratch = Paths.join(directory, "restored")
        template = Workspace(Paths.join(directory, "template"), scale: scale)
        try Directories.create(template.root)
        try await scenario.prepare(template)
        before = try Tree(template.root)
        stepsBefore = Set(try template.visibleSteps)
        let done = Workspace(Paths.join(directory, "undisturbed"), scale: scale)
        try DiskModel(before, root: template.root).materialize(at: done.root)
        try await scenario.command(done) { _ in }
        after = try Tree(done.root)
        let sound = scenario.mends ? [done] : [template, done]
        for workspace in sound where try !workspace.visibleSteps.isEmpty {
            all = try await restored(workspace)
            for step in try workspace.visibleSteps {
                steps[step, default: []].append(all.below(TortureRun.directory(step)))
            }
        }
    }

    private func restored(_ workspace: Workspace) async throws -> Tree {
        try Directories.remove(scratch)
        try await Restorer(archive: workspace.archive, options: RestoreOptions(selection: .all, threads: 1))
            .restore(to: scratch)
        return try Tree(scratch)
    }

    /// A copy of the state before, in place of what is there.
    package func reset(_ workspace: Workspace) throws {
        try DiskModel(before, root: workspace.root).materialize(at: workspace.root)
    }

    /// What is wrong right after the command ended in whatever way.
    /// - Parameters:
    ///   - promised: what it had told by then.
    ///   - isSame: whether steps have to restore to the same bytes; a lossy chain that skipped a step is another one, and
    ///     has to be as near to the originals as it says.
    package func violations(
        in workspace: Workspace, promised: Set<String> = [], isSame: Bool = true
    ) async throws -> [String] {
        if scenario.mends { return try violationsWhileMending(in: workspace, isDone: promised.contains("done")) }
        var found: [String] = []
        var others: [String] = []
        let visible = Set(try workspace.visibleSteps)
        var wanted = stepsBefore.subtracting(scenario.drops)
        for text in promised { if let number = Int(text) { wanted.insert(number) } }
        if !visible.isSuperset(of: wanted) { found.append("steps \(wanted.subtracting(visible).sorted()) are gone") }
        var restored = Tree()
        let isArchive = workspace.isArchive
        if !isArchive, !stepsBefore.isEmpty || !promised.isEmpty { found.append("the archive is gone") }
        if isArchive {
            let result = try await Verifier(archive: workspace.archive, deep: true, threads: 1).verify()
            found += result.findings.map { "verify: \($0.file ?? ""): \($0.message)" }
            found += result.unrestorable.map { "step \($0) cannot be restored" }
            if !visible.isEmpty {
                restored = try await self.restored(workspace)
                for step in visible.sorted() {
                    let tree = restored.below(TortureRun.directory(step))
                    guard let right = steps[step] else {
                        found.append("step \(step) should not be there")
                        continue
                    }
                    if !right.contains(where: { tree.differences(from: $0, withAttributes: true).isEmpty }) {
                        others.append("step \(step) is restored otherwise than before")
                    }
                }
            }
        }
        if promised.contains("done"), scenario.isDurable {
            let differing = restored.differences(from: all, withAttributes: true)
            if !differing.isEmpty { others.append("not all is restored: \(differing.prefix(4))") }
        }
        if !others.isEmpty, !isSame {
            let result = try await Verifier(archive: workspace.archive, against: workspace.run, threads: 1).verify()
            // What the archive holds has to agree with the run; what was skipped is in neither.
            let differing = result.differences.filter { finding in
                guard let file = finding.file, let path = Paths.removing(Paths.join(workspace.run, ""), from: file)
                else {
                    return true
                }
                return restored.nodes[path] != nil
            }
            if result.isIntact, differing.isEmpty { others = [] }
            if promised.contains("done"), Set(restored.nodes.keys) != Set(all.nodes.keys) {
                found.append("not all is there")
            }
        }
        found += others
        found += try sourceViolations(in: workspace, restored)
        found += try outputViolations(in: workspace)
        return found
    }

    /// Whatever damage there is, it is that of before.
    private func violationsWhileMending(in workspace: Workspace, isDone: Bool) throws -> [String] {
        let now = try Tree(workspace.root)
        if isDone {
            let differing = now.differences(from: after).filter { Paths.split($0).name != "lock" }
            return differing.map { "\($0) is not mended" }
        }
        let names = Set(now.nodes.keys).union(before.nodes.keys).filter { path in
            let name = Paths.split(path).name
            return name != "lock" && !name.hasPrefix(OutputFile.temporaryPrefix)
        }
        return names.sorted().compactMap { path in
            let content = now.nodes[path]?.content
            let isKnown = content == before.nodes[path]?.content || content == after.nodes[path]?.content
            return isKnown ? nil : "\(path) is neither as it was nor mended"
        }
    }

    /// Originals stay as they are; where the command may remove them, only those that the archive gives back.
    private func sourceViolations(in workspace: Workspace, _ restored: Tree) throws -> [String] {
        let now = try Tree(workspace.root).below("run"), then = before.below("run")
        return now.differences(from: then, withAttributes: true).compactMap { path in
            if scenario.removesSources {
                // Directories lose what is in them, and get another time.
                if now.nodes[path]?.kind == .directory, then.nodes[path]?.kind == .directory { return nil }
                // A directory that waits for its removal.
                if then.nodes[path] == nil, path.contains(OutputFile.temporaryPrefix) { return nil }
                if now.nodes[path] == nil, let kept = restored.nodes[path], kept.content == then.nodes[path]?.content {
                    return nil
                }
            }
            return "the original \(path) was changed"
        }
    }

    /// Under its name an output has files as they were before or as they will be, never others.
    private func outputViolations(in workspace: Workspace) throws -> [String] {
        let then = before.below("out/restored"), later = after.below("out/restored")
        guard Directories.exists(workspace.output) else { return then.nodes.isEmpty ? [] : ["the output is gone"] }
        let now = try Tree(workspace.output)
        let wrong = now.nodes.filter { path, node in
            then.nodes[path]?.content != node.content && later.nodes[path]?.content != node.content
        }
        let missing = then.nodes.isEmpty ? later.nodes.keys.filter { now.nodes[$0] == nil } : []
        return wrong.keys.sorted().map { "partial output \($0)" } + missing.map { "output without \($0)" }
    }

    /// What is wrong after the command was run once more.
    /// - Parameter isSame: whether the archive has to be the undisturbed one to the byte; where a step or file could not
    ///   be read at first, it only has to give everything back.
    package func violationsAfterRepeating(in workspace: Workspace, isSame: Bool = true) async throws -> [String] {
        do {
            try await scenario.again(workspace)
        } catch {
            return ["running it once more failed: \(error)"]
        }
        var now = try Tree(workspace.root)
        var found: [String] = []
        // A state may be missing, or an earlier step's: it is no more than a shorter way. Nothing unfinished stays beside it.
        let states = now.nodes.keys.filter { $0.hasPrefix(Workspace.stateName + "/") }
        found += states.filter { after.nodes[$0] == nil }.map { "\($0) is left over" }
        now.take(Workspace.stateName, from: after)
        if isSame, scenario.isRepeatable {
            found += now.differences(from: after).map { "\($0) differs from the undisturbed archive" }
        } else {
            found += try await violations(in: workspace, promised: ["done"], isSame: isSame)
            // Names only; a part of the run's own files has one of two, and what is replaced later is of a later
            // generation.
            func names(_ tree: Tree) -> Set<String> {
                Set(
                    tree.nodes.keys.map {
                        $0.replacing("run-0001.", with: "run-0000.")
                            .replacing(/(steps\/[0-9]+-)[0-9]+/) { "\($0.output.1)N" }
                    })
            }
            found += names(now).symmetricDifference(names(after)).map { "\($0) is left over or missing" }
        }
        let output = now.below("out/restored").differences(from: after.below("out/restored"), withAttributes: true)
        return found + output.map { "output \($0) differs" }
    }
}
