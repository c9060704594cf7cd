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
}
