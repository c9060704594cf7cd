import ChainArchive
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// Step manifests with tensors in pieces and zip files within files.
@Suite struct PiecesManifestTests {
    /// A matrix of 4 x 6 in three boxes over two files, one of them kept twice, and a vector of 10 cut flat; eight bytes of
    /// the second file are payload.
    private func sample() throws -> StepManifest {
        let location = RecordLocation(part: 0, offset: 16, byteCount: 100, checksum: 77)
        func box(_ file: Int, _ offset: UInt64, _ offsets: [Int], _ sizes: [Int]) -> TensorPiece {
            TensorPiece(file: file, offset: offset, placement: Placement(offsets: offsets, sizes: sizes))
        }
        func tensor(_ name: String, _ shape: [Int], group: Int, _ pieces: [TensorPiece]) throws -> TensorRecord {
            let logical = try LogicalTensor(name: name, dtype: .f32, shape: shape, pieces: pieces, file: "f")
            return TensorRecord(
                name: name, role: .weight, key: "", dtype: .f32, shape: shape, pieces: logical.layout,
                coding: .packed(losslessGroup: group, index: 0, depth: 0), contentHash: Hash128(high: 1, low: 2),
                statistics: TensorStatistics())
        }
        let matrix = try tensor(
            "matrix", [4, 6], group: 0,
            [
                box(0, 0, [0, 0], [2, 6]), box(1, 0, [2, 0], [2, 4]), box(1, 32, [2, 4], [2, 2]),
                box(0, 48, [2, 4], [2, 2]),
            ])
        let vector = try tensor(
            "vector", [10], group: 1,
            [
                TensorPiece(file: 0, offset: 64, placement: Placement(0..<7, of: [10])),
                TensorPiece(file: 1, offset: 48, placement: Placement(7..<10, of: [10])),
            ])
        var first = Entry(path: "s/0", kind: .file, mode: 0o644, modified: 1, byteCount: 92)
        first.containers = [0..<60, 64..<92]
        return StepManifest(
            number: 40, isEpoch: false, path: "s", isDirectory: true, method: "lossless", predecessor: .none,
            parts: [.init(name: "0000.part", byteCount: 1000)],
            entries: [
                first,
                Entry(
                    path: "s/1", kind: .file, mode: 0o644, modified: 1, byteCount: 68,
                    payload: [PayloadBlock(location: location, plainCount: 8, plainChecksum: 4, usesPrefix: false)]),
            ], losslessGroups: [location, location], tensors: [matrix, vector])
    }

    private func decoded(_ body: [UInt8]) throws -> StepManifest {
        try StepManifest(decoding: body, file: "f")
    }

    @Test func piecesAndContainersComeBack() throws {
        let manifest = try sample(), back = try decoded(manifest.encoded())
        #expect(back.encoded() == manifest.encoded())
        for (tensor, original) in zip(back.tensors, manifest.tensors) {
            #expect(
                tensor.pieces.pieces == original.pieces.pieces && tensor.pieces.replicas == original.pieces.replicas)
        }
        #expect(back.tensors[0].pieces.replicas.count == 1)
        #expect(back.entries[0].containers == [0..<60, 64..<92])
    }

    /// Without a checksum: an error, or a manifest whose pieces are their tensors, lie in their files and do not overlap.
    @Test func everyMutationIsRefusedOrKeepsTheRules() throws {
        let body = try sample().encoded()
        var kept = 0
        for position in body.indices {
            for value in [0x00, 0xFF, 0x7F] + (0..<8).map({ body[position] ^ (1 << UInt8($0)) }) {
                var damaged = body
                damaged[position] = value
                guard let manifest = try? decoded(damaged) else { continue }
                kept += 1
                for tensor in manifest.tensors {
                    let count = tensor.pieces.pieces.reduce(0) { $0 + tensor.pieces.range($1).count }
                    #expect(count == tensor.byteCount, "byte \(position)")
                }
                for (entry, ranges) in zip(manifest.entries, manifest.tensorRanges) {
                    #expect(ranges.allSatisfy { $0.range.upperBound <= entry.byteCount }, "byte \(position)")
                    #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.range.upperBound <= $1.range.lowerBound })
                    #expect(entry.containers.allSatisfy { $0.upperBound <= entry.byteCount }, "byte \(position)")
                }
            }
        }
        #expect(kept > 0)
    }

    @Test func everyTruncationIsRefused() throws {
        let body = try sample().encoded()
        for length in body.indices { #expect(throws: VarveError.self) { try decoded(Array(body[..<length])) } }
    }

    /// Boxes that a sweep along any dimension has to compare with one another: few bytes, much work.
    @Test func whatWouldTakeHoursIsRefused() throws {
        let side = 3000
        var pieces: [TensorPiece] = []
        for index in 0..<side {
            for (offsets, sizes) in [([index, index], [side - index, 1]), ([0, index], [index, 1])] where sizes[0] > 0 {
                pieces.append(
                    TensorPiece(file: 0, offset: 0, placement: Placement(offsets: offsets, sizes: sizes)))
            }
        }
        var budget = PieceBudget(count: pieces.count)
        budget.comparisons = 1_000_000
        #expect(throws: PieceFault.self) {
            try TensorPieces(shape: [side, side], elementBytes: 4, pieces: pieces, budget: &budget)
        }
        #expect(throws: VarveError.self) {
            try LogicalTensor(
                name: "w", dtype: .f32, shape: [Int](repeating: 1, count: 65),
                pieces: [TensorPiece(file: 0, offset: 0, placement: Placement(whole: [Int](repeating: 1, count: 65)))],
                file: "f")
        }
    }
}
