import ChainArchive
import FileSystem

/// Gives out one file of a step: nothing of it before all of it is restored and compared.
///
/// A container's checksums stand before the bytes that they are of, so a file is put together first.
struct FileStream {
    let decoder: ChainDecoder
    let number: Int
    /// Relative to the step's directory, as a restore has it, or to the run.
    let name: String
    let scratch: String
    let lacksMoments: Bool
    let workers: Workers

    func write(to sink: ByteSink) async throws(VarveError) {
        let step = try decoder.step(number), manifest = step.manifest
        let entry = try entry(manifest)
        guard !lacksMoments || manifest.weightEntries.contains(entry) else {
            throw VarveError(.usage, "the moments of step \(number) were forgotten, and the file with them", file: name)
        }
        var files = try StepRebuilder(of: number, decoder: decoder, keepsAll: true)
        let path = Paths.join(scratch, "file")
        _ = try files.create(entry, at: path)
        let targets = files
        let needed = Set(
            manifest.tensors.indices.filter { manifest.tensors[$0].pieces.all.contains { $0.file == entry } })
        let units = UnitCost.largestFirst(manifest.decodingUnits(of: needed), of: step)
        try workers.check(units.lazy.map { (needed: UnitCost.decoding($0, of: step), tensor: nil) })
        try await OrderedWork.run(units, workers, cost: { UnitCost.decoding($0, of: step) }) {
            (unit) throws(VarveError) -> Void in
            let onlyWeights = step.needsOnlyWeights(needed, of: unit)
            for tensor in try decoder.decodeUnit(unit, of: number, onlyWeights: onlyWeights) {
                try targets.write(tensor)
            }
        } consume: { _ in
        }
        for file in files.inOrder { try file.complete() }
        try Self.copy(try InputFile(path), to: sink)
    }

    private static let blockBytes = 1 << 20

    private static func copy(_ file: InputFile, to sink: ByteSink) throws(VarveError) {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockBytes, alignment: 64)
        defer { block.deallocate() }
        var offset: UInt64 = 0
        while offset < file.byteCount {
            if Task.isCancelled { throw VarveError(.interrupted, "interrupted") }
            let count = min(blockBytes, Int(file.byteCount - offset))
            let part = UnsafeMutableRawBufferPointer(rebasing: block[..<count])
            try file.read(at: offset, into: part)
            try sink(UnsafeRawBufferPointer(part))
            offset += UInt64(count)
        }
    }

    /// The file that is meant; of another name of a file that one.
    private func entry(_ manifest: StepManifest) throws(VarveError) -> Int {
        guard let destination = try RestorePlan(manifest).destinations.first else { return 0 }
        var found: Int?, known: [String] = []
        for (index, entry) in manifest.entries.enumerated() {
            let path = try destination.path(entry.path)
            if path == name || entry.path == name { found = found ?? index }
            if entry.isFile { known.append(path) }
        }
        guard let found else {
            let names = known.prefix(Self.mostNamed).joined(separator: ", ")
            let more = known.count > Self.mostNamed ? ", ..." : ""
            throw VarveError(.usage, "step \(number) has no such file; it has \(names)\(more)", file: name)
        }
        switch manifest.entries[found].kind {
        case .file: return found
        case .hardLink(let original):
            if let index = manifest.entries.firstIndex(where: { $0.path == original && $0.isFile }) { return index }
            throw VarveError(.damaged, "it is another name of \(original), which the step does not have", file: name)
        case .symbolicLink(let target): throw VarveError(.usage, "it is a link to \(target)", file: name)
        case .directory, .copy, .variant: throw VarveError(.usage, "it is no file", file: name)
        }
    }

    private static let mostNamed = 12
}
