import FileSystem
import TensorFiles

/// Collects the tensors of a step that lie in pieces, and makes one file of them that everything behind reads as any other.
struct TensorAssembler {
    let files: [StepFile]
    private(set) var tensors: [LogicalTensor] = []
    private let byPath: [String: Int]

    init(_ files: [StepFile]) {
        self.files = files
        byPath = Dictionary(files.indices.map { (files[$0].path, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The index that assembled tensors have instead of a file's.
    var fileIndex: Int { files.count }

    /// Index of a file by its path.
    func file(_ path: String) -> Int? { byPath[path] }

    /// A tensor of one of the files or an assembled one.
    func stored(_ index: TensorIndex) -> StoredTensor {
        if files.indices.contains(index.file), let own = files[index.file].tensorFile {
            return own.tensors[index.tensor]
        }
        return tensors[index.tensor].stored
    }

    mutating func add(_ tensor: LogicalTensor) -> TensorIndex {
        tensors.append(tensor)
        return TensorIndex(file: fileIndex, tensor: tensors.count - 1)
    }

    /// - Throws: `.truncated` where a piece ends beyond its file.
    func assembly(named name: String) throws(VarveError) -> Assembly? {
        guard !tensors.isEmpty else { return nil }
        let source = try PieceSource(name: name, tensors, in: files.map(\.source))
        let file = TensorFile(
            source: source, container: .assembled,
            storages: zip(tensors, source.starts).map {
                Storage(key: $0.name, fileOffset: $1, byteCount: UInt64($0.byteCount))
            },
            tensors: tensors.enumerated().map { index, tensor in
                StoredTensor(
                    name: tensor.name, dtype: tensor.dtype, shape: tensor.shape,
                    strides: StoredTensor.rowMajorStrides(tensor.shape), storage: index, elementOffset: 0)
            })
        return Assembly(file: file, tensors: tensors)
    }
}
