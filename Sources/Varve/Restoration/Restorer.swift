import ChainArchive
import FileSystem
import TensorFiles

/// Writes steps of an archive back as checkpoints.
package struct Restorer: Sendable {
    package let archive: String
    package let options: RestoreOptions

    package init(archive: String, options: RestoreOptions) {
        self.archive = archive
        self.options = options
    }

    /// Restores into `output`.
    ///
    /// A single step's own files come directly into `output`; several steps under their paths in the run. Everything is
    /// first written beside the final place and moved there when all of it is complete and compared with the hashes
    /// in the archive, so nothing partial is ever visible under its name.
    /// - Returns: the steps that were restored.
    /// - Throws: `.notAnArchive`, `.usage` (no such step), `.exists` (`output` is not empty), `.forgotten` (while it
    ///   was restored), `.damaged`, `.noSpace`, `.interrupted`, `.inputOutput`.
    @discardableResult
    package func restore(to output: String, progress: ProgressHandler? = nil) async throws(VarveError) -> [Int] {
        try ArchiveLocation.check(output: output)
        let reader = try ArchiveReader(archive)
        let base = try options.base.map { (path) throws(VarveError) in try CheckpointWeights(path) }
        var decoder = ChainDecoder(reader, base: base)
        let steps = try options.replaced ? replaced(selectedSteps(reader), reader) : selectedSteps(reader)
        if !options.overwrite, let content = try? SystemCalls.list(output), !content.isEmpty {
            throw VarveError(.exists, "the directory is not empty; `overwrite` replaces what is in it", file: output)
        }
        if options.format == .original, !options.names.isEmpty {
            throw VarveError(.usage, "files come back whole; tensors by their `names` need `format = safetensors`")
        }
        if case .safetensors(0) = options.format { throw VarveError(.usage, "`shardBytes` must not be 0") }
        if let identity = try? FileIdentity(path: output, following: true), identity.kind != .directory {
            throw VarveError(.exists, "there is a file of that name", file: output)
        }
        var bytes: UInt64 = 0
        var manifests: [StepManifest] = []
        for step in steps {
            var manifest = try decoder.step(step).manifest
            if reader.forgotten.extent(step) == .moments, !options.onlyWeights {
                manifest = manifest.withWeightFilesOnly
                progress?(.notice("of step \(step) only the weights are restored: its moments were forgotten"))
            }
            for entry in manifest.entries where entry.isFile { bytes = bytes.addingSaturated(entry.byteCount) }
            manifests.append(manifest)
        }
        let plan = try plan(manifests, reader)
        progress?(.begin(steps: steps.count, bytes: bytes))
        for notice in plan.notices { progress?(.notice(notice)) }

        let links = try stepLinks(reader)
        let staging = try StagingDirectory(for: output)
        for (position, destination) in plan.destinations.enumerated() {
            let step = destination.number
            progress?(.step(number: StepVersion.number(step), path: manifests[position].path))
            // Later steps of the same call build on this one: keep what they need instead of replaying the chain.
            let keeps = position + 1 < steps.count
            let store =
                keeps
                ? try ScratchStore(directory: staging.path, contents: manifests[position].keptContents) : nil
            let lacksMoments = reader.forgotten.extent(step) == .moments
            do throws(VarveError) {
                switch options.format {
                case .original:
                    try await StepRestorer(
                        decoder: decoder, destination: destination, root: staging.path, store: store,
                        onlyWeights: options.onlyWeights || lacksMoments, workers: workers,
                        links: destination.directory.isEmpty ? links : [:]
                    ).restore(progress)
                case .safetensors(let shardBytes):
                    try await StepExporter(
                        decoder: decoder, number: step, root: staging.path, output: output,
                        directory: destination.directory, shardBytes: shardBytes, store: store,
                        onlyWeights: options.onlyWeights || lacksMoments, names: options.names,
                        entries: lacksMoments ? try decoder.step(step).manifest.weightEntries : nil, workers: workers
                    ).export(progress)
                }
            } catch {
                throw reader.isPrunedSince(step) ? VarveError.forgotten(StepVersion.number(step), file: archive) : error
            }
            decoder = decoder.building(on: store.map { KeptStep(number: step, store: $0) })
            progress?(.finished(number: StepVersion.number(step), original: 0, stored: 0))
        }
        if !plan.runEntries.isEmpty {
            try RunFilesRestorer(archive: reader, entries: plan.runEntries, root: staging.path).restore()
        }
        let isMoved = try staging.moveIntoPlace(overwrite: options.overwrite)
        // Last, for nothing can be put into a directory that may not be written to.
        if !options.onlyWeights, options.format == .original {
            for (destination, manifest) in zip(plan.destinations, manifests) {
                try DirectoryModes(manifest.entries, destination).set(in: output, withRoot: isMoved)
            }
            try DirectoryModes(plan.runEntries, nil).set(in: output, withRoot: false)
        }
        return steps.map(StepVersion.number)
    }

    /// The last replaced version of each step; of all steps those that have one.
    private func replaced(_ steps: [Int], _ reader: ArchiveReader) throws(VarveError) -> [Int] {
        let stored = Set(reader.stored)
        var found: [Int] = []
        for step in steps {
            if let key = reader.versions.replaced(step).last(where: { stored.contains($0) && !reader.isPruned($0) }) {
                found.append(key)
            } else if options.selection != .all {
                throw VarveError(
                    .usage, "no version of step \(step) was replaced, or it was pruned since", file: archive)
            }
        }
        guard !found.isEmpty else { throw VarveError(.usage, "no step was replaced", file: archive) }
        return found
    }

    /// Files that several steps share; a step that is restored alone has its own.
    private func stepLinks(_ reader: ArchiveReader) throws(VarveError) -> [String: String] {
        guard options.selection == .all, !options.onlyWeights else { return [:] }
        let links = try reader.runManifest()?.links ?? []
        return Dictionary(links.map { ($0.path, $0.original) }, uniquingKeysWith: { first, _ in first })
    }

    private var workers: Workers { Workers(threads: options.threads, memory: options.memory) }

    private func selectedSteps(_ reader: ArchiveReader) throws(VarveError) -> [Int] {
        guard let latest = reader.steps.last else {
            throw VarveError(.usage, "the archive has no steps", file: archive)
        }
        switch options.selection {
        case .all: return reader.steps
        case .steps(let ranges):
            do throws(VarveError) { return try StepNumbers.select(ranges, from: reader.steps) } catch {
                throw error.at(file: archive)
            }
        case .latest:
            try checkMoments(of: latest, reader)
            return [latest]
        case .step(let number):
            try reader.checkIsVisible(number)
            try checkMoments(of: number, reader)
            return [number]
        }
    }

    private func checkMoments(of step: Int, _ reader: ArchiveReader) throws(VarveError) {
        guard reader.forgotten.extent(step) == .moments, !options.onlyWeights else { return }
        throw VarveError(
            .usage, "the moments of step \(step) were forgotten; `onlyWeights` restores its model", file: archive)
    }

    private func plan(_ manifests: [StepManifest], _ reader: ArchiveReader) throws(VarveError) -> RestorePlan {
        guard options.format == .original else {
            return RestorePlan(exporting: manifests.map(\.number), isOne: options.selection.isOne)
        }
        do throws(VarveError) {
            guard options.selection.isOne, let manifest = manifests.first else {
                // The run's other files may repeat ones that are left out.
                let isWhole = options.selection == .all && !options.onlyWeights && !options.replaced
                return try RestorePlan(manifests, run: isWhole ? try reader.runManifest() : nil)
            }
            return try RestorePlan(manifest)
        } catch {
            throw error.at(file: archive)
        }
    }
}

extension ArchiveReader {
    /// - Throws: `.usage` if the archive has no such step or it was forgotten, with what would help.
    func checkIsVisible(_ number: Int) throws(VarveError) {
        if let mark = forgotten.marks[number], mark.extent == .whole {
            throw VarveError(
                .usage,
                "step \(number) was forgotten"
                    + (mark.pruned == .whole ? " and pruned" : "; `Archive.undoForget(\(number))` brings it back"),
                file: layout.root)
        }
        guard steps.contains(number) else {
            guard !steps.isEmpty else { throw VarveError(.usage, "the archive has no steps", file: layout.root) }
            let known = steps.map(String.init).joined(separator: ", ")
            throw VarveError(.usage, "the archive has no step \(number); it has \(known)", file: layout.root)
        }
    }
}
