import ChainArchive

extension Archive {
    /// Gives out one file of a step, as it would be restored.
    ///
    /// Nothing of it is given out before all of it was restored and compared with the recorded hashes. It takes its room in
    /// `options.scratch` meanwhile. Only the tensors that lie in it are decoded.
    /// - Parameters:
    ///   - name: the file's path in the checkpoint, or in the run.
    ///   - step: the number of the step.
    ///   - options: threads and limits.
    ///   - sink: takes the bytes in their order.
    /// - Throws: `.usage` (no such step, no such file, moments that were forgotten, a base that is missing), `.forgotten`,
    ///   `.damaged`, `.noSpace`, `.interrupted`, `.inputOutput`; what the sink throws.
    public func streamFile(
        _ name: String, of step: Int, options: StreamOptions = StreamOptions(), to sink: ByteSink
    ) async throws(VarveError) {
        try await StepStreams(archive: path, number: step, options: options).file(name, to: sink)
    }

    /// Gives out tensors of a step as one safetensors file, whatever files and pieces they lie in, while it decodes them.
    ///
    /// Names are those of ``RestoreOptions/Format/safetensors(shardBytes:)``; weights and states come together. Each tensor is
    /// compared with its recorded hash before it is given out. If one fails, the stream ends there, and what came before it
    /// is right. Only what the tensors lie in is decoded.
    /// - Parameters:
    ///   - step: the number of the step.
    ///   - options: which tensors, threads and limits.
    ///   - sink: takes the bytes in their order.
    /// - Throws: `.usage` (no such step, a name that fits no tensor, a base that is missing), `.unsupported` (no weights by
    ///   name, types that safetensors lacks), `.forgotten`, `.damaged`, `.noSpace`, `.interrupted`, `.inputOutput`; what the
    ///   sink throws.
    public func streamTensors(
        of step: Int, options: StreamOptions = StreamOptions(), to sink: @escaping ByteSink
    ) async throws(VarveError) {
        try await StepStreams(archive: path, number: step, options: options).tensors(to: sink)
    }
}
