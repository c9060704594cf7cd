import ChainArchive
import TensorFiles
import TensorCodecs
import FileSystem

/// The files of a step as the run has them, for comparing what an archive restores.
struct OriginalFiles: Sendable {
    private let manifest: StepManifest
    private let files: [Int: InputFile]
    /// Of each file the runs of bytes that make its payload blocks.
    private let blocks: [Int: [[Range<UInt64>]]]

    /// Opens the files; `nil` where the run has none of them any more.
    /// - Parameter held: those that are open already, by path.
    init?(root: String, manifest: StepManifest, held: [String: InputFile] = [:]) throws(VarveError) {
        var files: [Int: InputFile] = [:], blocks: [Int: [[Range<UInt64>]]] = [:]
        let ranges = manifest.tensorRanges
        for (index, entry) in manifest.entries.enumerated() {
            guard case .file = entry.kind else { continue }
            do throws(VarveError) {
                files[index] =
                    if let file = held[entry.path] { file } else { try InputFile(Paths.join(root, entry.path)) }
            } catch  where error.code == .notFound {
                continue
            }
            blocks[index] = Gaps(byteCount: entry.byteCount, regions: ranges[index].map(\.range)).blocks(
                of: PayloadBlock.size)
        }
        guard !files.isEmpty else { return nil }
        self.manifest = manifest
        self.files = files
        self.blocks = blocks
    }

    /// The states of the files that are compared, by path.
    var identities: [String: FileIdentity] {
        Dictionary(
            files.map { (manifest.entries[$0.key].path, $0.value.identity) }, uniquingKeysWith: { first, _ in first })
    }

    /// Throws `.sourceChanged` where a file is not any more what was opened.
    func checkContent() throws(VarveError) {
        for file in files.values { try file.checkContent() }
    }

    /// What is wrong with a restored tensor, if anything is: an exact one must equal the original, a quantized one must
    /// be off by what was recorded, one that was taken again by no less and no more than is known.
    func compare(_ tensor: RestoredTensor, _ record: TensorRecord) throws(VarveError) -> VarveError? {
        let path = manifest.entries[record.pieces.start.file].path
        for piece in record.pieces.all {
            let path = manifest.entries[piece.file].path
            guard let file = files[piece.file] else { return missing(path, record.name) }
            guard file.byteCount >= record.pieces.range(piece).upperBound else { return different(path, record) }
        }
        let original = try PieceSource(
            name: path, [LogicalTensor(record.name, record.dtype, record.shape, record.pieces)], in: files
        ).bytes(at: 0, count: record.byteCount)
        guard try hasReplicas(of: original, record) else { return different(path, record) }
        if record.isOriginal { return original == tensor.bytes ? nil : different(path, record) }
        guard let format = record.dtype.floatFormat else { return different(path, record) }
        let error = ResidualCodec.error(original, tensor.bytes, format: format)
        func changed(_ found: String) -> VarveError {
            VarveError(
                .different, found + ": the original has changed since", file: path,
                offset: record.pieces.start.offset, tensor: record.name)
        }
        guard record.statistics.records(error) else {
            let recorded =
                record.statistics.range.map { "\($0.least) to \($0.most)" } ?? "\(record.statistics.squaredError)"
            return changed("the squared error is \(error.squared), recorded was \(recorded)")
        }
        // Of a step that was taken again the error is known within bounds. What it lacks of the original the sketch tells, which
        // no other tensor has.
        if record.statistics.range != nil, let missing = tensor.missing,
            !missing.agrees(with: ChangeSketch(original, less: tensor.bytes, format))
        {
            return changed("the error is within what was recorded, and is another one")
        }
        return nil
    }

    /// Whether further pieces of a tensor hold what the first ones do.
    private func hasReplicas(of original: [UInt8], _ record: TensorRecord) throws(VarveError) -> Bool {
        guard !record.pieces.replicas.isEmpty else { return true }
        var isEqual = true
        try original.withUnsafeBytesTyped { (bytes) throws(VarveError) in
            try record.pieces.scatter(bytes) { (file, offset, part) throws(VarveError) in
                guard isEqual, let there = try files[file]?.bytes(at: offset, count: part.count) else { return }
                isEqual = there.withUnsafeBytes { $0.isEqual(to: part) }
            }
        }
        return isEqual
    }

    /// What is wrong with restored payload, if anything is.
    func compare(_ plain: [UInt8], entry: Int, block: Int) throws(VarveError) -> VarveError? {
        let path = manifest.entries[entry].path
        guard let file = files[entry], let ranges = blocks[entry]?[block] else { return missing(path, nil) }
        guard file.byteCount == manifest.entries[entry].byteCount else {
            return VarveError(.different, "the file has another size than when it was compressed", file: file.name)
        }
        var position = 0
        for range in ranges {
            let original = try file.bytes(at: range.lowerBound, count: range.count)
            let isEqual = original.withUnsafeBytes { original in
                plain.withUnsafeBytes {
                    original.isEqual(to: UnsafeRawBufferPointer(rebasing: $0[position..<position + range.count]))
                }
            }
            guard isEqual else {
                return VarveError(.different, "the bytes differ", file: file.name, offset: range.lowerBound)
            }
            position += range.count
        }
        return nil
    }

    private func missing(_ path: String, _ tensor: String?) -> VarveError {
        VarveError(.different, "the run has no such file", file: path, tensor: tensor)
    }

    private func different(_ path: String, _ record: TensorRecord) -> VarveError {
        VarveError(.different, "the bytes differ", file: path, offset: record.pieces.start.offset, tensor: record.name)
    }
}
