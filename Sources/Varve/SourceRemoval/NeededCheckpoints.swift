import ChainArchive
import Checkpoints
import FileSystem
import TensorFiles

/// Checkpoints that something in the run leads to: links, and the best model that the Trainer loads at its end.
struct NeededCheckpoints {
    /// The run's directory without links.
    private let root: String
    private var trails: [LinkTrail] = []
    private var best: String?

    /// Looks for links anew: one may have been made since the run was looked through, or lie in a checkpoint that is not
    /// complete.
    /// - Throws: `.notFound`, `.permissionDenied`, `.inputOutput` where the run's directory cannot be looked at.
    init(_ run: Run) throws(VarveError) {
        root = try SystemCalls.realPath(run.root)
        best = Self.bestCheckpoint(run)
        for name in try SystemCalls.list(root) { collect(Paths.join(root, name), depth: 0) }
    }

    /// What cannot be looked into can lead nobody anywhere.
    private mutating func collect(_ path: String, depth: Int) {
        let name = Paths.split(path).name
        guard !name.hasPrefix(OutputFile.temporaryPrefix), !name.hasSuffix(".varve"), depth < Self.deepest,
            let identity = try? FileIdentity(path: path)
        else { return }
        switch identity.kind {
        case .symbolicLink: if let trail = try? LinkTrail(path) { trails.append(trail) }
        case .directory:
            for name in (try? SystemCalls.list(path)) ?? [] { collect(Paths.join(path, name), depth: depth + 1) }
        case .regular, .other: return
        }
    }

    /// As deep as paths can be.
    private static let deepest = 2048

    /// Why the step must stay; `nil` where nothing leads to it.
    func reason(for step: Step) -> String? {
        let whole = Paths.join(root, step.path), inside = Paths.join(whole, "")
        let files = Set(step.entries.map { Paths.join(root, $0.path) })
        func lies(_ path: String) -> Bool {
            path == whole || files.contains(path) || step.isDirectory && Paths.removing(inside, from: path) != nil
        }
        // Links inside a checkpoint to its own files go with it.
        if let trail = trails.first(where: { !lies($0.link) && $0.paths.contains(where: lies) }) {
            return "\(relative(trail.link)) is a link to it"
        }
        return best == step.path ? "the trainer's newest state names it as the best checkpoint" : nil
    }

    /// Files of a step that lie elsewhere and are only linked here: the archive has what is in them, but they are somebody
    /// else's, and the link alone frees nothing.
    func linkedContent(of step: Step) -> String? {
        let linked = step.entries.first { entry in
            entry.identity.kind == .regular
                && (try? FileIdentity(path: Paths.join(root, entry.path)))?.kind == .symbolicLink
        }
        return linked.map { "\($0.path) is a link to a file elsewhere, which is not this run's to remove" }
    }

    /// What the archive lacks of a step: the content behind links that lead out of the run, of which it has only the links.
    func missingContent(of manifest: StepManifest) -> String? {
        let inside = Paths.join(root, "")
        for entry in manifest.entries {
            guard case .symbolicLink = entry.kind, let trail = try? LinkTrail(Paths.join(root, entry.path)),
                trail.end != root, Paths.removing(inside, from: trail.end) == nil
            else { continue }
            return "\(entry.path) is a link out of the run, and the archive does not hold what it leads to"
        }
        return nil
    }

    private func relative(_ path: String) -> String { Paths.removing(Paths.join(root, ""), from: path) ?? path }

    /// What `load_best_model_at_end` of the Hugging Face Trainer will open when training ends.
    private static func bestCheckpoint(_ run: Run) -> String? {
        for step in run.steps.reversed() where step.isDirectory {
            let path = Paths.join(run.root, Paths.join(step.path, "trainer_state.json"))
            guard let source = try? InputFile(path), source.byteCount < 64 << 20,
                let bytes = try? source.bytes(at: 0, count: Int(source.byteCount))
            else { continue }
            let best: String?
            do throws(VarveError) {
                best = try JSONScanner.string("best_model_checkpoint", of: bytes, file: path)
            } catch {
                continue
            }
            // Written as the trainer's own path; its last component is a directory of the run.
            return best.map { best in
                let name = Paths.split(best).name
                return run.steps.first { $0.path == name || $0.path.hasSuffix("/" + name) }?.path ?? name
            }
        }
        return nil
    }
}
