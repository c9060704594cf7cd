package import FileSystem
import TensorFiles

/// The files of a step while they are rebuilt: restored tensors are taken apart into the files that they lie in.
package struct StepRebuilder: Sendable {
    private let number: Int
    private let manifest: StepManifest
    private let decoder: ChainDecoder
    /// `StepManifest.tensorRanges`.
    private let ranges: [[(range: Range<UInt64>, tensor: Int)]]
    /// Files with tensors, by entry. They are unfinished until all their tensors are written.
    private var files: [Int: FileRebuilder] = [:]
    private let keepsAll: Bool

    /// - Parameter keepsAll: whether files without tensors stay as well, for `opened`.
    package init(of number: Int, decoder: ChainDecoder, keepsAll: Bool = false) throws(VarveError) {
        self.number = number
        self.keepsAll = keepsAll
        self.decoder = decoder
        manifest = try decoder.step(number).manifest
        ranges = manifest.tensorRanges
    }

    /// Creates a file and writes its payload. One without tensors is finished then.
    /// - Returns: bytes of the payload.
    package mutating func create(_ entry: Int, at path: String) throws(VarveError) -> Int {
        let file = try FileRebuilder(entry, of: number, to: path, regions: ranges[entry], decoder: decoder)
        if ranges[entry].isEmpty, !keepsAll {
            try file.complete()
            try file.setMode()
        } else {
            files[entry] = file
        }
        return file.payloadBytes
    }

    /// Whether all files that a tensor lies in are rebuilt.
    package func rebuilds(_ record: TensorRecord) -> Bool { record.pieces.all.allSatisfy { files[$0.file] != nil } }

    /// Writes a restored tensor into those of its files that are rebuilt. Safe from several threads.
    package func write(_ tensor: RestoredTensor) throws(VarveError) {
        let record = manifest.tensors[tensor.index]
        try tensor.bytes.withUnsafeBytesTyped { (bytes) throws(VarveError) in
            try record.pieces.scatter(bytes) { (file, offset, part) throws(VarveError) in
                try files[file]?.write(part, at: offset, isExact: record.isOriginal)
            }
        }
    }

    /// The files as they stand, by entry, for reading before they are finished.
    package func opened() throws(VarveError) -> [Int: InputFile] {
        var result: [Int: InputFile] = [:]
        for (entry, file) in files.sorted(by: { $0.key < $1.key }) { result[entry] = try file.opened() }
        return result
    }

    /// Gives the completed files their modes. All of `inOrder` were completed.
    /// - Parameters:
    ///   - store: is told where the restored tensors stand, for the next step.
    ///   - isReplaced: whether another file gets the name of an entry's soon.
    package func finish(
        keepingIn store: ScratchStore?, isReplaced: (Int) -> Bool = { _ in false }
    ) throws(VarveError) {
        if let store { try keepLocations(in: store, isReplaced) }
        for file in inOrder { try file.setMode() }
    }

    /// The files, to be completed in any order, by several threads: those of many ranks have a hundred thousand checksums.
    package var inOrder: [FileRebuilder] { files.sorted { $0.key < $1.key }.map(\.value) }

    private func keepLocations(in store: ScratchStore, _ isReplaced: (Int) -> Bool) throws(VarveError) {
        let kept = manifest.tensors.filter { store.isBuiltOn($0) && rebuilds($0) }
        var sources: [Int: InputFile] = [:]
        for file in Set(kept.flatMap { $0.pieces.all.map(\.file) }).sorted() {
            sources[file] = try files[file]?.reopened(isReplaced: isReplaced(file))
        }
        let gathered = kept.filter { $0.pieces.run == nil }
        let source = try PieceSource(
            name: manifest.path, gathered.map { LogicalTensor($0.name, $0.dtype, $0.shape, $0.pieces) }, in: sources)
        for (index, tensor) in gathered.enumerated() {
            store.put(.tensor(tensor.identity), original: source, source.range(index), hash: tensor.contentHash)
        }
        for tensor in kept {
            guard let run = tensor.pieces.run, let source = sources[run.file] else { continue }
            store.put(.tensor(tensor.identity), original: source, run.range, hash: tensor.contentHash)
        }
    }
}
