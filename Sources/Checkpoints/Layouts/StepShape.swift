import FileSystem

/// The names a layout is recognised by.
struct StepShape {
    /// Name of the directory; empty for a step of single files.
    var name: String
    /// Paths of files and links, relative to the directory.
    var paths: [String]
    /// Names directly in the directory, of directories too.
    var top: Set<String>

    init(name: String, paths: [String]) {
        self.name = name
        self.paths = paths
        top = Set(paths.map { String($0.prefix { $0 != "/" }) })
    }

    /// Of a directory of the scan.
    init(_ directory: String, in scan: RunScan) {
        let entries = scan.subtree(directory).filter { $0.identity.kind != .directory }
        self.init(
            name: directory.isEmpty ? Paths.split(scan.root).name : Paths.split(directory).name,
            paths: entries.map { Paths.relative($0.path, to: directory) })
        top.formUnion(scan.names(directory))
    }

    /// Of a step that was found.
    init(_ step: Step) {
        let entries = step.entries.filter { $0.identity.kind != .directory }
        self.init(
            name: step.isDirectory ? Paths.split(step.path).name : "",
            paths: entries.map { Paths.relative($0.path, to: step.isDirectory ? step.path : "") })
    }

    /// Names of the files, without their directories.
    var fileNames: [String] { paths.map { Paths.split($0).name } }

    /// Names of files directly in the directory that hold weights by the Hugging Face conventions.
    var weightFiles: [String] { StepShape.weightFiles(top) }

    static func weightFiles(_ names: some Sequence<String>) -> [String] {
        names.filter { name in
            ["model", "pytorch_model", "adapter_model"].contains { name.hasPrefix($0) }
                && (name.hasSuffix(".safetensors") || name.hasSuffix(".bin") || name.hasSuffix(".index.json"))
        }.sorted()
    }
}

extension Paths {
    /// `path` without the directory it begins with.
    static func relative(_ path: String, to directory: String) -> String {
        guard !directory.isEmpty, path.hasPrefix(directory + "/") else { return path }
        return String(path.utf8.dropFirst(directory.utf8.count + 1)) ?? path
    }
}
