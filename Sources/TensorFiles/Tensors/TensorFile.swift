package import FileSystem

/// A file with tensors, opened: its storages, its tensors, and for torch files the tree they hang in.
///
/// Opening reads headers and pickles only. Tensor bytes are read when somebody asks for them.
package struct TensorFile: Sendable {
    package enum Container: String, Sendable {
        case safetensors, torchZip, torchLegacy
        /// No file of its own: tensors gathered from pieces of others.
        case assembled
    }

    package let source: any ByteSource
    package let container: Container
    /// In file order, without overlap.
    package let storages: [Storage]
    /// safetensors: in header order; torch: in the order of the pickle, depth first.
    package let tensors: [StoredTensor]
    /// safetensors' `__metadata__`.
    package let metadata: [String: String]
    /// torch: the unpickled object, as data.
    package let tree: PickleTree?

    package init(
        source: any ByteSource, container: Container, storages: [Storage], tensors: [StoredTensor],
        metadata: [String: String] = [:], tree: PickleTree? = nil
    ) {
        self.source = source
        self.container = container
        self.storages = storages
        self.tensors = tensors
        self.metadata = metadata
        self.tree = tree
    }

    /// The bytes of a dense tensor in the file, a contiguous run in storage order. `nil` where it is not dense or
    /// reaches beyond its storage.
    package func byteRange(of tensor: StoredTensor) -> Range<UInt64>? {
        let storage = storages[tensor.storage]
        guard tensor.isDense, tensor.elementOffset * tensor.dtype.bits % 8 == 0 else { return nil }
        let offset = UInt64(tensor.elementOffset * tensor.dtype.bits / 8)
        let count = UInt64(tensor.byteCount)
        guard offset <= storage.byteCount, count <= storage.byteCount - offset else { return nil }
        return storage.fileOffset + offset..<storage.fileOffset + offset + count
    }

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

/// A run of bytes in a file that holds tensor values and nothing else: a torch storage, or one safetensors tensor.
package struct Storage: Sendable, Hashable {
    /// torch: the storage key (`0`, `94614932808464`); safetensors: the tensor's name.
    package var key: String
    /// First byte, from the start of the file.
    package var fileOffset: UInt64
    package var byteCount: UInt64

    package init(key: String, fileOffset: UInt64, byteCount: UInt64) {
        self.key = key
        self.fileOffset = fileOffset
        self.byteCount = byteCount
    }
}
