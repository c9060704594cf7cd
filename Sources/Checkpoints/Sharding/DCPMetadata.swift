import FileSystem
import TensorFiles

/// What `.metadata` of a torch.distributed.checkpoint says: tensors with their chunks, and where everything is stored.
struct DCPMetadata {
    struct Chunk {
        var offsets: [Int]
        var sizes: [Int]
        var slice: Slice
    }
    struct TensorEntry {
        var name: String
        var dtype: DType
        var shape: [Int]
        var chunks: [Chunk]
    }
    /// Bytes of a file that hold one chunk or one object, in a container of its own.
    struct Slice {
        var path: String
        var offset: UInt64
        var length: UInt64
        /// Whether another chunk or object has the same bytes.
        var isShared = false
    }

    static let fileName = ".metadata"

    /// Relative to the run.
    let folder: String
    /// In the order of the metadata.
    private(set) var tensors: [TensorEntry] = []
    /// Objects that are no tensors.
    private(set) var objects: [(name: String, slice: Slice)] = []

    private struct Key: Hashable {
        var name: String
        var offsets: [Int]?
    }

    /// - Parameter folder: its path in the run.
    /// - Throws: `.malformed` with file and tensor where it contradicts itself; `.unsupported` for transformed pieces.
    init(_ source: any ByteSource, folder: String) throws(VarveError) {
        self.folder = folder
        let tree = try PickleTree.read(source)
        func broken(_ message: String, _ tensor: String? = nil) -> VarveError {
            VarveError(.malformed, message, file: source.name, tensor: tensor)
        }
        guard let stored = tree.value(tree.root, "storage_data").flatMap({ tree.pairs($0) }),
            let described = tree.value(tree.root, "state_dict_metadata").flatMap({ tree.pairs($0) })
        else { throw broken("it lists no tensors and where they are") }
        let slices = try Self.slices(tree, stored, folder, file: source.name)
        for pair in described {
            guard let name = tree.string(pair.key) else { throw broken("a tensor without a name") }
            guard let size = tree.value(pair.value, "size"), let chunkList = tree.value(pair.value, "chunks") else {
                if let slice = slices[Key(name: name, offsets: nil)] { objects.append((name, slice)) }
                continue
            }
            guard let shape = tree.sizes(size), let chunks = tree.elements(chunkList),
                let dtype = Self.dtype(tree, pair.value)
            else { throw broken("no shape, type or chunks", name) }
            var entry = TensorEntry(name: name, dtype: dtype, shape: shape, chunks: [])
            for chunk in chunks {
                guard let offsets = tree.value(chunk, "offsets").flatMap({ tree.sizes($0) }),
                    let sizes = tree.value(chunk, "sizes").flatMap({ tree.sizes($0) })
                else { throw broken("a chunk without offsets and sizes", name) }
                guard let slice = slices[Key(name: name, offsets: offsets)] ?? slices[Key(name: name, offsets: nil)]
                else { throw broken("the chunk at \(offsets) is stored nowhere", name) }
                entry.chunks.append(Chunk(offsets: offsets, sizes: sizes, slice: slice))
            }
            tensors.append(entry)
        }
    }

    private static func slices(
        _ tree: PickleTree, _ pairs: [PickleTree.Pair], _ folder: String, file: String
    ) throws(VarveError) -> [Key: Slice] {
        var slices: [Key: Slice] = [:]
        for pair in pairs {
            guard let name = tree.value(pair.key, "fqn").flatMap({ tree.string($0) }),
                let path = tree.value(pair.value, "relative_path").flatMap({ tree.string($0) }),
                let offset = tree.value(pair.value, "offset").flatMap({ tree.integer($0) }), offset >= 0,
                let length = tree.value(pair.value, "length").flatMap({ tree.integer($0) }), length >= 0,
                Paths.isSafeRelative(path)
            else { throw VarveError(.malformed, "a piece without name, file, offset and length", file: file) }
            if let transforms = tree.value(pair.value, "transform_descriptors").flatMap({ tree.elements($0) }),
                !transforms.isEmpty
            {
                throw VarveError(.unsupported, "a piece that is compressed or encrypted", file: file, tensor: name)
            }
            let offsets = tree.value(pair.key, "offset").flatMap { tree.sizes($0) }
            slices[Key(name: name, offsets: offsets)] = Slice(
                path: Paths.join(folder, path), offset: UInt64(offset), length: UInt64(length))
        }
        return try checked(slices, file: file)
    }

    /// Marks bytes that several have. What overlaps otherwise is at a wrong place.
    private static func checked(_ slices: [Key: Slice], file: String) throws(VarveError) -> [Key: Slice] {
        var slices = slices
        let sorted = slices.filter { $0.value.length > 0 }.sorted {
            ($0.value.path, $0.value.offset, $0.value.length, $0.key.name)
                < ($1.value.path, $1.value.offset, $1.value.length, $1.key.name)
        }
        for (one, next) in zip(sorted, sorted.dropFirst()) where one.value.path == next.value.path {
            guard next.value.offset - one.value.offset < one.value.length else { continue }
            guard one.value.offset == next.value.offset, one.value.length == next.value.length else {
                throw VarveError(
                    .malformed,
                    "it lies at byte \(next.value.offset) of \(one.value.path), within the \(one.value.length) bytes of "
                        + "\(one.key.name) at \(one.value.offset)", file: file, tensor: next.key.name)
            }
            slices[one.key]?.isShared = true
            slices[next.key]?.isShared = true
        }
        return slices
    }

    /// The properties are a tuple that begins with the type, in old releases a dict.
    private static func dtype(_ tree: PickleTree, _ entry: PickleTree.Node) -> DType? {
        guard let properties = tree.value(entry, "properties") else { return nil }
        if let node = tree.value(properties, "dtype") { return tree.torchType(node) }
        let parts = tree.state(properties) ?? properties
        return tree.elements(parts)?.first.flatMap { tree.torchType($0) }
    }
}
