import Checkpoints
import Foundation
import TensorFiles

/// Checkpoints that something in the run leads to: links, and the best model that the Trainer loads at its end.
struct NeededCheckpoints {
    private var reasons: [(path: String, reason: String)] = []

    init(_ run: Run) {
        for alias in run.aliases where alias.kind == .symbolicLink {
            reasons.append((alias.original, "\(alias.entry.path) is a link to it"))
        }
        for entry in run.extras + run.steps.flatMap(\.entries) {
            guard let target = entry.linkTarget, target.utf8.first != UInt8(ascii: "/") else { continue }
            let directory = Paths.split(entry.path).directory
            reasons.append(
                (
                    Self.normalized(directory == "." ? target : Paths.join(directory, target)),
                    "\(entry.path) is a link to it"
                ))
        }
        if let best = Self.bestCheckpoint(run) {
            reasons.append((best, "the trainer's newest state names it as the best checkpoint"))
        }
    }

    /// Why the step must stay; `nil` where nothing leads to it.
    func reason(for step: Step) -> String? {
        let paths = Set(step.entries.map(\.path)).union([step.path])
        return reasons.first { paths.contains($0.path) && !isOwnLink($0.reason, step) }?.reason
    }

    /// Links inside a checkpoint to its own files go with it.
    private func isOwnLink(_ reason: String, _ step: Step) -> Bool {
        step.entries.contains { $0.linkTarget != nil && reason.hasPrefix("\($0.path) is a link") }
    }

    private struct State: Decodable {
        var best_model_checkpoint: String?
    }

    /// What `load_best_model_at_end` of the Hugging Face Trainer will open when training ends.
    private static func bestCheckpoint(_ run: Run) -> String? {
        for step in run.steps.reversed() where step.isDirectory {
            let path = Paths.join(run.root, Paths.join(step.path, "trainer_state.json"))
            guard let source = try? InputFile(path), source.byteCount < 64 << 20,
                let bytes = try? source.bytes(at: 0, count: Int(source.byteCount)),
                let state = try? JSONDecoder().decode(State.self, from: Data(bytes))
            else { continue }
            // Written as the trainer's own path; its last component is a directory of the run.
            return state.best_model_checkpoint.map { best in
                let name = Paths.split(best).name
                return run.steps.first { $0.path == name || $0.path.hasSuffix("/" + name) }?.path ?? name
            }
        }
        return nil
    }

    /// `a/../b/./c` as `b/c`.
    private static func normalized(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", !parts.isEmpty { parts.removeLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }
}
