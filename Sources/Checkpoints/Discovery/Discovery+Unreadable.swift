import FileSystem

extension Discovery {
    /// Takes numbered files and directories of kinds that nothing here reads: flax msgpack, zip archives of
    /// Stable-Baselines3, `.nemo`, paddle, pickles of numpy, TensorFlow. They are steps by their names, kept exactly.
    mutating func takeUnreadable() {
        takeUnreadable(in: "", depth: 0)
    }

    private mutating func takeUnreadable(in directory: String, depth: Int) {
        var numbered: [Int: [RunEntry]] = [:]
        for entry in scan.files(directory) where isUnreadableCheckpoint(entry) {
            guard let number = stepNumber(of: entry.path) else { continue }
            numbered[number, default: []].append(entry)
        }
        for (_, files) in numbered.sorted(by: { $0.key < $1.key }) { take(files) }
        guard depth < Discovery.depthLimit else { return }
        for folder in scan.directories(directory) {
            if stepNumber(of: folder.path) != nil, scan.subtree(folder.path).contains(where: isUnreadableCheckpoint) {
                takeDirectory(folder.path)
            } else {
                takeUnreadable(in: folder.path, depth: depth + 1)
            }
        }
    }

    /// The files of one step: the largest gives it its name.
    private mutating func take(_ files: [RunEntry]) {
        guard let main = files.max(by: { $0.identity.byteCount < $1.identity.byteCount }) else { return }
        let members = files.map(\.path).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        for file in files {
            if let fault = fault(of: file) { return skip(main.path, members, fault) }
        }
        candidates.append(
            StepCandidate(
                path: main.path, isDirectory: false, members: members, name: Paths.split(main.path).name, probes: []))
    }

    private func fault(of file: RunEntry) -> VarveError? {
        let path = scan.absolute(file.path)
        if file.identity.byteCount == 0 { return VarveError(.incomplete, "the file is empty", file: path) }
        if StepName.isTemporary(Paths.split(file.path).name) {
            return VarveError(.incomplete, "its name says that it is still being written", file: path)
        }
        do throws(VarveError) {
            let source = try InputFile(path)
            if try FileMagic(source) == .zip { try FileMagic.checkZip(source) }
            return nil
        } catch {
            return error
        }
    }

    private func stepNumber(of path: String) -> Int? {
        let name = Paths.split(path).name
        guard let step = StepName(name), step.kind != .glued else { return nil }
        return step.kind != .bare || Int(StepName.stem(name)) != nil ? step.number : nil
    }

    /// Whether a file may hold a model: logs, tables, settings and pictures do not.
    private func isUnreadableCheckpoint(_ entry: RunEntry) -> Bool {
        guard entry.identity.kind == .regular else { return false }
        let name = Paths.split(entry.path).name.lowercased()
        guard !name.hasPrefix("."), let dot = name.lastIndex(of: "."), dot != name.startIndex else {
            return !name.hasPrefix(".")
        }
        return !Self.otherEndings.contains(String(name[dot...]))
    }

    private static let otherEndings: Set<String> = [
        ".txt", ".log", ".out", ".err", ".json", ".jsonl", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".csv", ".tsv",
        ".md", ".rst", ".html", ".py", ".ipynb", ".sh", ".c", ".cpp", ".h", ".swift", ".png", ".jpg", ".jpeg", ".gif",
        ".svg", ".pdf", ".webp", ".mp4", ".wav", ".mp3", ".flac", ".parquet", ".arrow", ".lock", ".tfevents",
    ]
}
