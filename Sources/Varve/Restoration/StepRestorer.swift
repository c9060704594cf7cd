import ChainArchive
import FileSystem

/// Writes the files of one step.
struct StepRestorer {
    let decoder: ChainDecoder
    let destination: RestorePlan.Destination
    /// The directory that takes everything.
    let root: String
    /// Takes the restored weights and payload for the step after this one.
    let store: ScratchStore?
    let onlyWeights: Bool
    let workers: Workers
    /// Files that are one file with a file of an earlier step: its path, by theirs. Both relative to the run.
    var links: [String: String] = [:]

    private var number: Int { destination.number }
    private var tree: RestoreTree { RestoreTree(root: root) }

    /// - Throws: `.damaged` with file, offset and tensor; `.noSpace`, `.inputOutput`, `.interrupted`.
    func restore(_ progress: ProgressHandler?) async throws(VarveError) {
        let manifest = try decoder.step(number).manifest
        let wanted = entriesWanted(manifest)
        guard !onlyWeights || !wanted.isEmpty else {
            throw VarveError(
                .usage, "no file of step \(number) holds weights and nothing else; leave out `onlyWeights`",
                file: decoder.archive.layout.root)
        }
        var files = try StepRebuilder(of: number, decoder: decoder)
        for (index, entry) in manifest.entries.enumerated() where wanted.contains(index) {
            let path = try destination.path(entry.path)
            switch entry.kind {
            case .directory:
                try tree.makeDirectory(path)
            case .file:
                let bytes = try files.create(index, at: try tree.newPath(path))
                progress?(.bytes(bytes))
            case .symbolicLink, .hardLink, .copy, .variant:
                break
            }
        }
        if let store { try decoder.keepPayload(of: number, in: store) }

        let targets = files
        let step = try decoder.step(number)
        let units = UnitCost.largestFirst(manifest.decodingUnits(onlyWeights: onlyWeights), of: step)
        let isKept = store != nil
        try workers.check(units.lazy.map { (needed: UnitCost.decoding($0, of: step, isKept: isKept), tensor: nil) })
        try await OrderedWork.run(units, workers, cost: { UnitCost.decoding($0, of: step, isKept: isKept) }) {
            (unit) throws(VarveError) -> Int in
            var bytes = 0
            let restored = try decoder.decodeUnit(unit, of: number, onlyWeights: onlyWeights, keeping: store) {
                targets.rebuilds($0)
            }
            for tensor in restored {
                try targets.write(tensor)
                bytes += tensor.bytes.count
            }
            return bytes
        } consume: { bytes in
            progress?(.bytes(bytes))
        }
        try await OrderedWork.run(files.inOrder, workers) { (file) throws(VarveError) in
            try file.complete()
        } consume: { _ in
        }
        try files.finish(keepingIn: store) { links[manifest.entries[$0].path] != nil }
        try makeLinks(manifest, wanted: wanted)
        try setDirectoryAttributes(manifest, wanted: wanted)
    }

    /// All entries; under `--only weights` the files of weights.
    private func entriesWanted(_ manifest: StepManifest) -> Set<Int> {
        // The step's own directory is the output itself.
        let all = manifest.entries.indices.filter { !destination.isRoot(manifest.entries[$0]) }
        guard onlyWeights else { return Set(all) }
        return manifest.weightEntries.intersection(all)
    }

    /// Links come last, when every file is in place, so that no file is ever written through a link.
    private func makeLinks(_ manifest: StepManifest, wanted: Set<Int>) throws(VarveError) {
        for (index, entry) in manifest.entries.enumerated() where wanted.contains(index) {
            guard case .file = entry.kind, let original = links[entry.path] else { continue }
            try tree.unite(try destination.path(entry.path), with: original)
        }
        for (index, entry) in manifest.entries.enumerated() where wanted.contains(index) {
            guard case .hardLink(let original) = entry.kind else { continue }
            try SystemCalls.link(
                try tree.file(try destination.path(original)), try tree.newPath(try destination.path(entry.path)))
        }
        for (index, entry) in manifest.entries.enumerated() where wanted.contains(index) {
            guard case .symbolicLink(let target) = entry.kind else { continue }
            let path = try tree.newPath(try destination.path(entry.path))
            try SystemCalls.symbolicLink(target: target, at: path)
            try SystemCalls.setModificationTime(path, nanoseconds: entry.modified)
        }
    }

    /// Modes and times of directories, the deepest first, after all that is in them was made.
    private func setDirectoryAttributes(_ manifest: StepManifest, wanted: Set<Int>) throws(VarveError) {
        for (index, entry) in manifest.entries.enumerated().reversed() where wanted.contains(index) {
            guard case .directory = entry.kind else { continue }
            let path = Paths.join(root, try destination.path(entry.path))
            try SystemCalls.setMode(path, entry.restoredMode | 0o700)
            try SystemCalls.setModificationTime(path, nanoseconds: entry.modified)
        }
    }
}
