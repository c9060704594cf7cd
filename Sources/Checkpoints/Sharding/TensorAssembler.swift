import FileSystem
import TensorFiles

/// Collects the tensors of a step that lie in pieces, and makes one file of them that everything behind reads as any other.
struct TensorAssembler {
    let files: [StepFile]
    private(set) var tensors: [LogicalTensor] = []
    /// Torch files that lie within a file of the step, by its index.
    private var containers: [Int: Set<Range<UInt64>>] = [:]
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

    /// Tells of a torch file within a file of the step that pieces lie in.
    mutating func addContainer(_ range: Range<UInt64>, file: Int) { containers[file, default: []].insert(range) }

    /// - Throws: `.truncated` where a piece ends beyond its file.
    func assembly(named name: String) throws(VarveError) -> Assembly? {
        guard !tensors.isEmpty else { return nil }
        let sources = Dictionary(uniqueKeysWithValues: files.indices.map { ($0, files[$0].source) })
        let source = try PieceSource(name: name, tensors, in: sources)
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
        return Assembly(file: file, tensors: tensors, containers: try sortedContainers())
    }

    private func sortedContainers() throws(VarveError) -> [Int: [Range<UInt64>]] {
        var result: [Int: [Range<UInt64>]] = [:]
        for (file, ranges) in containers {
            let sorted = ranges.sorted { $0.lowerBound < $1.lowerBound }
            if let pair = zip(sorted, sorted.dropFirst()).first(where: { $0.upperBound > $1.lowerBound }) {
                throw VarveError(
                    .malformed, "two pieces overlap", file: files[file].source.name, offset: pair.1.lowerBound)
            }
            result[file] = sorted
        }
        return result
    }
}
