extension TensorFile {
    /// Recognises the container by its content (never by its name) and reads its structure.
    ///
    /// - Returns: `nil` where the file is none of the known containers, or a zip that is no `torch.save` file
    ///   (TorchScript, `.npz`, `.keras`): keep such a file whole.
    /// - Throws: `.truncated`, `.malformed` (with offset and tensor) where it begins like a known container and breaks
    ///   its rules; `.inputOutput`.
    package static func open(_ source: any ByteSource) throws(VarveError) -> TensorFile? {
        throw VarveError(.unsupported, "not written yet")
    }
}
