import FileSystem
import TensorFiles

/// A folder of torch.distributed.checkpoint: its metadata and its `.distcp` files, rows of torch zip files.
struct DCPFolder {
    let metadata: DCPMetadata
    /// Where the metadata lie, for errors.
    let source: String
    private let files: [StepFile]
    private let byPath: [String: Int]

    init(_ metadataFile: StepFile, among files: [StepFile]) throws(VarveError) {
        self.files = files
        source = metadataFile.source.name
        byPath = Dictionary(files.indices.map { (files[$0].path, $0) }, uniquingKeysWith: { first, _ in first })
        let folder = Paths.split(metadataFile.path).directory
        metadata = try DCPMetadata(metadataFile.source, folder: folder == "." ? "" : folder)
    }

    /// The folders among the files of a step, in path order.
    static func all(_ files: [StepFile]) throws(VarveError) -> [DCPFolder] {
        let folders = Set(
            files.filter { DCPLayout.isPiece($0.path) }.map { Paths.split($0.path).directory })
        var result: [DCPFolder] = []
        for file in files {
            let (directory, name) = Paths.split(file.path)
            guard name == DCPMetadata.fileName, folders.contains(directory) else { continue }
            result.append(try DCPFolder(file, among: files))
        }
        return result
    }

    /// The pieces of a tensor.
    /// - Throws: `.incomplete` where a file is missing, `.truncated` where it ends early, `.malformed` where a chunk is not
    ///   what the metadata say.
    func pieces(of entry: DCPMetadata.TensorEntry) throws(VarveError) -> [TensorPiece] {
        var pieces: [TensorPiece] = []
        for chunk in entry.chunks where !chunk.sizes.contains(0) {
            let (file, slice) = try open(chunk.slice, entry.name)
            func broken(_ message: String) -> VarveError {
                VarveError(
                    .malformed, message, file: files[file].source.name, offset: chunk.slice.offset, tensor: entry.name)
            }
            guard LogicalTensor.count(chunk.sizes) != nil else { throw broken("a chunk of \(chunk.sizes)") }
            guard let slice else { throw broken("neither a torch file nor safetensors") }
            // A torch file holds one chunk; safetensors hold those of several names.
            guard !chunk.slice.isShared || slice.container == .safetensors else {
                throw broken("another tensor of the metadata has the same bytes")
            }
            let found = slice.tensors.count == 1 ? slice.tensors.first : slice.tensors.first { $0.name == entry.name }
            guard let tensor = found else { throw broken("\(slice.tensors.count) tensors where one is expected") }
            guard tensor.dtype == entry.dtype, tensor.shape == chunk.sizes else {
                throw broken(
                    "\(tensor.dtype.rawValue) \(tensor.shape) where the metadata say \(entry.dtype.rawValue) \(chunk.sizes)"
                )
            }
            guard tensor.isContiguous, !tensor.isOpaque, let range = slice.byteRange(of: tensor) else {
                throw VarveError(
                    .unsupported, "a chunk whose elements do not lie in order", file: files[file].source.name,
                    offset: chunk.slice.offset, tensor: entry.name)
            }
            pieces.append(
                TensorPiece(
                    file: file, offset: chunk.slice.offset + range.lowerBound,
                    placement: Placement(offsets: chunk.offsets, sizes: chunk.sizes)))
        }
        return pieces
    }

    /// The torch files, within the folder's files, that chunks of tensors lie in.
    func containers() throws(VarveError) -> [(file: Int, slice: Range<UInt64>)] {
        var result: [(Int, Range<UInt64>)] = []
        for chunk in metadata.tensors.flatMap(\.chunks) where !chunk.sizes.contains(0) {
            let (end, overflow) = chunk.slice.offset.addingReportingOverflow(chunk.slice.length)
            guard let file = byPath[chunk.slice.path], !overflow, end <= files[file].source.byteCount,
                try ZipChecksums.isZip(SliceSource(files[file].source, chunk.slice.offset..<end))
            else { continue }
            result.append((file, chunk.slice.offset..<end))
        }
        return result
    }

    /// The whole tensor.
    func tensor(_ entry: DCPMetadata.TensorEntry) throws(VarveError) -> LogicalTensor {
        try LogicalTensor(
            name: entry.name, dtype: entry.dtype, shape: entry.shape, pieces: try pieces(of: entry),
            file: source)
    }

    /// A stored object; `nil` where it is none that a torch file holds.
    func object(_ slice: DCPMetadata.Slice, _ name: String) throws(VarveError) -> TensorFile? {
        try open(slice, name).slice
    }

    private func open(
        _ slice: DCPMetadata.Slice, _ name: String
    ) throws(VarveError) -> (file: Int, slice: TensorFile?) {
        guard let file = byPath[slice.path] else {
            throw VarveError(
                .incomplete, "the metadata list a piece that is not there",
                file: Paths.join(Paths.split(source).directory, Paths.split(slice.path).name), tensor: name)
        }
        let (end, overflow) = slice.offset.addingReportingOverflow(slice.length)
        guard !overflow else {
            throw VarveError(.malformed, "a piece at an impossible place", file: files[file].source.name, tensor: name)
        }
        do throws(VarveError) {
            let part = try SliceSource(files[file].source, slice.offset..<end)
            return (file, try TensorFile.open(try EdgeSource(part)))
        } catch {
            throw error.at(tensor: name)
        }
    }
}
