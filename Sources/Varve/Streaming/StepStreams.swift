import ChainArchive
import FileSystem

/// Gives out parts of a step, in a directory of its own for what has to be put together first.
struct StepStreams {
    let archive: String
    let number: Int
    let options: StreamOptions

    /// - Throws: `.usage` (no such step or file, moments that were forgotten, a base that is missing), `.damaged`, `.noSpace`,
    ///   `.interrupted`, `.inputOutput`; what the sink throws.
    func file(_ name: String, to sink: ByteSink) async throws(VarveError) {
        try await stream { (decoder, scratch, lacksMoments) async throws(VarveError) in
            try await FileStream(
                decoder: decoder, number: number, name: name, scratch: scratch, lacksMoments: lacksMoments,
                workers: workers
            ).write(to: sink)
        }
    }

    /// - Throws: the same; `.unsupported` if the weights are not known by name, or safetensors cannot hold one.
    func tensors(to sink: @escaping ByteSink) async throws(VarveError) {
        try await stream { (decoder, scratch, lacksMoments) async throws(VarveError) in
            try await TensorStream(
                decoder: decoder, number: number, scratch: scratch,
                onlyWeights: options.onlyWeights || lacksMoments, names: options.names,
                entries: lacksMoments ? try decoder.step(number).manifest.weightEntries : nil, workers: workers
            ).write(to: sink)
        }
    }

    private var workers: Workers { Workers(threads: options.threads, memory: options.memory) }

    private func stream(
        _ body: (ChainDecoder, String, _ lacksMoments: Bool) async throws(VarveError) -> Void
    ) async throws(VarveError) {
        let reader = try ArchiveReader(archive)
        try reader.checkIsVisible(number)
        let base = try options.base.map { (path) throws(VarveError) in try CheckpointWeights(path) }
        let parent = options.scratch ?? Environment.value("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/var/tmp"
        let scratch = try LockedDirectory.free(in: parent, named: "cat", owner: "another process that reads a file")
        defer { scratch.release(removing: true) }
        try SystemCalls.setMode(scratch.path, 0o700)
        do throws(VarveError) {
            try await body(
                ChainDecoder(reader, base: base), scratch.path, reader.forgotten.extent(number) == .moments)
        } catch {
            throw reader.isPrunedSince(number) ? VarveError.forgotten(number, file: archive) : error
        }
    }
}
