import ChainArchive
import FileSystem
import TensorFiles
import VarveTestSupport

/// Files with tensors: opened, every view read, every byte accounted for.
enum TensorFileTarget {
    /// What a reader may say of a file.
    private static let refusals: Set<VarveError.Code> = [.truncated, .malformed, .unsupported]
    /// Views may repeat their storage: tensors of more bytes than this in all are opened, not read.
    private static let readLimit = 1 << 20

    static func runSafetensors(_ input: [UInt8]) throws {
        try read(input)
        // A header without the count before it, for mutations that leave the count right.
        if input.first == UInt8(ascii: "{") {
            try read(SafetensorsMaker.file(header: input, data: [UInt8](repeating: 1, count: 64)))
        }
    }

    static func runTorch(_ input: [UInt8]) throws {
        try read(input)
        // A pickle alone, for mutations that leave the zip file right.
        if input.first == 0x80 {
            let storages = (0..<4).map { (String($0), [UInt8](repeating: 7, count: 64)) }
            try read(TorchMaker.zip(pickle: input, storages: storages))
        }
    }

    private static func read(_ input: [UInt8]) throws {
        let source = MemorySource(input, name: "input")
        guard
            let file = try BrokenPromise.allowing(refusals, { () throws(VarveError) in try TensorFile.open(source) }),
            let file
        else { return }
        var end: UInt64 = 0
        for storage in file.storages {
            try BrokenPromise.unless(
                storage.fileOffset >= end && storage.byteCount <= source.byteCount
                    && storage.fileOffset <= source.byteCount - storage.byteCount, "a storage outside of the file")
            end = storage.fileOffset + storage.byteCount
        }
        var left = readLimit
        var regions = Set<Range<UInt64>>()
        for tensor in file.tensors {
            try BrokenPromise.unless(file.storages.indices.contains(tensor.storage), "a tensor without storage")
            if let range = file.byteRange(of: tensor) {
                try BrokenPromise.unless(range.upperBound <= source.byteCount, "a tensor outside of the file")
                regions.insert(range)
            }
            guard tensor.byteCount <= left else { continue }
            left -= tensor.byteCount
            try readTensor(tensor, of: file)
        }
        try account(regions, source.byteCount)
        if file.container == .torchZip { try reseal(input, file) }
    }

    /// All bytes of a tensor, in two ways.
    private static func readTensor(_ tensor: StoredTensor, of file: TensorFile) throws {
        guard
            let bytes = try BrokenPromise.allowing(
                [.unsupported], { () throws(VarveError) in try file.contiguousBytes(of: tensor) })
        else { return }
        try BrokenPromise.unless(bytes.count == tensor.byteCount, "\(bytes.count) bytes instead of \(tensor.byteCount)")
        var blocks: [UInt8] = []
        try file.forEachContiguousBlock(of: tensor, blockBytes: 13) { blocks.append(contentsOf: $0) }
        try BrokenPromise.unless(blocks == bytes, "a tensor has other bytes when read in blocks")
    }

    /// Disjoint tensors and what lies between them are the file.
    private static func account(_ regions: Set<Range<UInt64>>, _ byteCount: UInt64) throws {
        var disjoint: [Range<UInt64>] = [], end: UInt64 = 0
        for region in regions.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) })
        where region.lowerBound >= end {
            disjoint.append(region)
            end = region.upperBound
        }
        let gaps = Gaps(byteCount: byteCount, regions: disjoint)
        let tensors = disjoint.reduce(UInt64(0)) { $0 + UInt64($1.count) }
        try BrokenPromise.unless(gaps.byteCount + tensors == byteCount, "bytes of the file are nobody's")
    }

    /// What a restore does to a file whose tensors changed: it stays the file that it was.
    private static func reseal(_ input: [UInt8], _ file: TensorFile) throws {
        let path = Scratch.directory.file("resealed")
        let output = try OutputFile(path)
        try output.write(input, at: 0)
        _ = try BrokenPromise.allowing(refusals) { () throws(VarveError) in
            try ZipChecksums.reseal(output, changed: file.tensors.compactMap { file.byteRange(of: $0) })
        }
        try BrokenPromise.unless(output.byteCount == UInt64(input.count), "checksums redone changed the size of a file")
    }

    // MARK: Seeds

    private static func fixtures(_ folder: String, _ isWanted: (String) -> Bool) throws -> [[UInt8]] {
        try SharedRuns.files(under: SharedRuns.fixtures(folder)).filter(isWanted).map { try Scratch.bytes($0) }
            .filter { $0.count <= 1 << 14 }
    }

    static func safetensorsSeeds() throws -> [[UInt8]] {
        let files = try fixtures("files") { $0.hasSuffix(".safetensors") }
        let headers = try Scratch.table("files/safetensors-rules.tsv").map { Scratch.bytes(hexadecimal: $0[2]) }
        let made = SafetensorsMaker.file(
            [
                TestTensor("a", shape: [2, 3], seed: 1),
                TestTensor("b", dtype: "BF16", shape: [3], bytes: [1, 2, 3, 4, 5, 6]),
            ],
            metadata: [("format", "pt")])
        return files + headers + [made, Array(made.dropFirst(8))]
    }

    static func torchSeeds() throws -> [[UInt8]] {
        let tensors = [
            TestTensor("a", shape: [2, 3], seed: 1),
            TestTensor("b", dtype: "I64", shape: [1], bytes: [UInt8](repeating: 1, count: 8)),
        ]
        var seeds = [TorchMaker.zip(tensors), TorchMaker.zip(tensors, withCRC: false), TorchMaker.legacy(tensors)]
        seeds.append(TorchMaker.pickle(tensors))
        for views in [([2, 2], [2, 1], 4), ([2, 2], [1, 2], 4), ([4, 4], [0, 1], 8), ([0, 5], [5, 1], 0)] {
            var writer = PickleWriter()
            writer.dict([("view", views)]) {
                $0.tensor(storage: "0", count: 16, offset: $1.2, shape: $1.0, strides: $1.1)
            }
            seeds.append(writer.finished())
        }
        return seeds
            + (try fixtures("files") { !$0.hasSuffix(".safetensors") && !$0.hasSuffix(".tsv") && !$0.hasSuffix(".py") })
    }

    static let safetensorsWords =
        DType.allCases.map { "\"\($0.rawValue)\"" } + [
            "\"dtype\":", "\"shape\":", "\"data_offsets\":", "\"__metadata__\":", "[0,4]", "[]", "{}", "\\u0000",
            "\\ud800", "9223372036854775807", "18446744073709551615", "1e400", "-0", "true", "null",
        ]
}
