package import FileSystem

extension TensorFile {
    /// Larger files are refused: byte and bit counts below this fit every integer type used here.
    private static let byteCountLimit: UInt64 = 1 << 59

    /// Recognises the container by its content (never by its name) and reads its structure.
    ///
    /// - Returns: `nil` where the file is none of the known containers, or a zip that is no `torch.save` file
    ///   (TorchScript, `.npz`, `.keras`): keep such a file whole. Files cut within their first ten bytes are not
    ///   recognised either.
    /// - Throws: `.truncated`, `.malformed` (with offset and tensor) where it begins like a known container and breaks
    ///   its rules; `.unsupported` for a pickle with opcodes that no checkpoint has; `.inputOutput`.
    package static func open(_ source: any ByteSource) throws(VarveError) -> TensorFile? {
        guard source.byteCount < byteCountLimit else {
            throw VarveError(.unsupported, "a file of \(source.byteCount) bytes", file: source.name)
        }
        if let file = try openTorchZip(source) { return file }
        if let file = try openTorchLegacy(source) { return file }
        return try looksLikeSafetensors(source) ? try openSafetensors(source) : nil
    }
}
