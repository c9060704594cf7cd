package import FileSystem

extension Run {
    /// The weights of one model in a directory, by the names that the hub's libraries look for, as a run of one step.
    ///
    /// Symbolic links are followed: a snapshot in the hub's cache has no other files. Where the same weights are there in
    /// several forms, one is taken.
    /// - Parameter anyName: whether the only safetensors file of another name will do.
    /// - Throws: `.usage` where the directory has no weights under such a name; `.incomplete` where a shard is missing;
    ///   `.malformed` for a list of shards that is none; `.inputOutput`, `.permissionDenied`.
    package static func model(in directory: String, anyName: Bool = true) throws(VarveError) -> Run {
        let names = Set(try SystemCalls.list(directory))
        var files: [String]?
        for stem in ["model", "pytorch_model", "adapter_model"] {
            for ending in [".safetensors", ".bin"] where files == nil {
                let name = stem + ending
                if names.contains(name) {
                    files = [name]
                } else if names.contains(name + ".index.json") {
                    files = try shards(Paths.join(directory, name + ".index.json"))
                }
            }
        }
        if files == nil, anyName {
            let others = names.filter { $0.hasSuffix(".safetensors") }
            if others.count == 1 { files = Array(others) }
        }
        guard let files else { throw VarveError(.usage, "no model's weights in this directory", file: directory) }
        var entries: [RunEntry] = []
        for name in files {
            do throws(VarveError) {
                let identity = try FileIdentity(path: Paths.join(directory, name), following: true)
                entries.append(RunEntry(path: name, identity: identity))
            } catch  where error.code == .notFound {
                throw VarveError(
                    .incomplete, "the file is missing, or its link leads nowhere", file: Paths.join(directory, name))
            }
        }
        let step = Step(number: 0, isUnnumbered: true, path: "", isDirectory: true, entries: entries)
        return Run(root: directory, steps: [step])
    }

    /// The files that a list of shards names, in order.
    private static func shards(_ list: String) throws(VarveError) -> [String] {
        let bytes = try SmallFile.read(list)
        guard let map = try? ShardIndex.weightMap(bytes, list),
            map.values.allSatisfy(Paths.isSafeRelative)
        else { throw VarveError(.malformed, "the index of shards cannot be read", file: list) }
        return Set(map.values).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
