import Checkpoints
import FileSystem
import TensorFiles

/// The models that a run's files say it began from.
enum NamedBase {
    private static let mostBytes: UInt64 = 1 << 20

    /// Names of models or paths, the most telling first: from the step's own files, then from the run's. Files that are
    /// missing or say nothing are passed over.
    static func names(of step: Step, in run: Run) -> [String] {
        let own = step.isDirectory ? step.path : Paths.split(step.path).directory
        var names: [String] = []
        for directory in [Paths.join(run.root, own), run.root] {
            let found = [
                string("_name_or_path", in: Paths.join(directory, "config.json")),
                string("base_model_name_or_path", in: Paths.join(directory, "adapter_config.json")),
                read(Paths.join(directory, "README.md")).flatMap { modelCard(String(decoding: $0, as: UTF8.self)) },
            ]
            for case let name? in found where !name.isEmpty && !names.contains(name) { names.append(name) }
        }
        return names
    }

    private static func read(_ path: String) -> [UInt8]? {
        guard let file = try? InputFile(path), file.byteCount <= mostBytes else { return nil }
        return try? file.bytes(at: 0, count: Int(file.byteCount))
    }

    /// The field of a configuration.
    private static func string(_ key: String, in path: String) -> String? {
        read(path).flatMap { try? JSONScanner.string(key, of: $0, file: path) }
    }

    /// `base_model` in the head of a model card, which newer libraries write in place of the configuration's field: a name,
    /// or a list with one name a line.
    private static func modelCard(_ text: String) -> String? {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard lines.popFirst() == "---" else { return nil }
        let head = lines.prefix { $0 != "---" }
        guard let at = head.firstIndex(where: { $0.hasPrefix("base_model:") }) else { return nil }
        let value = head[at].dropFirst("base_model:".count)
        func unquoted(_ text: Substring) -> String { text.trimmed { $0.isWhitespace || $0 == "\"" || $0 == "'" } }
        let name = unquoted(value)
        guard name.isEmpty, head.indices.contains(at + 1), head[at + 1].hasPrefix("- ") else { return name }
        return unquoted(head[at + 1].dropFirst(2))
    }
}
