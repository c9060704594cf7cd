import ChainArchive
import FileSystem

extension Verifier {
    /// Files in the archive that no manifest names, apart from a lock and what an interrupted writer left: unfinished
    /// files, of forgotten steps the part before or after pruning, and what a late worker wrote for a step that is committed.
    func strangers(_ reader: ArchiveReader) -> [String] {
        var found: [String] = []
        let runFiles = Set(((try? reader.runManifest()) ?? nil)?.fileNames ?? [])
        for name in (try? SystemCalls.list(reader.layout.root)) ?? [] {
            let known =
                ["archive.manifest", "run.manifest", "forgotten.manifest", "manifests.parity", "steps", "lock"]
                .contains(name)
                || runFiles.contains(name) || name.hasPrefix(OutputFile.temporaryPrefix)
                || ["run-0000", "run-0001"].contains { name == $0 + ".part" || name == $0 + ".parity" }
            if !known { found.append(Paths.join(reader.layout.root, name)) }
        }
        for step in reader.stored {
            guard let manifest = try? reader.manifest(step) else { continue }
            let directory = reader.stepDirectory(step)
            for name in (try? SystemCalls.list(directory)) ?? []
            where name != "step.manifest" && !manifest.fileNames.contains(name)
                && !name.hasPrefix(OutputFile.temporaryPrefix) && PartShare.named(name) == nil
                && !((ArchiveLayout.isPartName(name) || ArchiveLayout.isParityName(name))
                    && (reader.forgotten.extent(step) != nil || reader.isPrunedSince(step)))
            {
                found.append(Paths.join(directory, name))
            }
        }
        return found
    }
}
