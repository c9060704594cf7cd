import FileSystem
import Testing

@testable import TensorFiles

/// What pieces may be, and what they may not.
@Suite struct LogicalTensorTests {
    private func tensor(_ shape: [Int], _ placements: [Placement], dtype: DType = .f32) throws(VarveError)
        -> LogicalTensor
    {
        try LogicalTensor(
            name: "w", dtype: dtype, shape: shape,
            pieces: placements.enumerated().map { TensorPiece(file: 0, offset: UInt64(100 * $0), placement: $1) },
            file: "metadata")
    }

    private func expectMalformed(_ shape: [Int], _ placements: [Placement], _ comment: Comment) {
        let error = #expect(throws: VarveError.self, comment) { try tensor(shape, placements) }
        #expect(error?.code == .malformed, comment)
        #expect(error?.location == .init(file: "metadata", tensor: "w"), comment)
    }

    @Test func piecesStandInTheOrderOfTheirElements() throws {
        let boxes = [
            Placement(offsets: [2, 0], sizes: [2, 3]), Placement(offsets: [0, 3], sizes: [4, 1]),
            Placement(offsets: [0, 0], sizes: [2, 3]),
        ]
        #expect(try tensor([4, 4], boxes).pieces.map(\.placement) == [boxes[2], boxes[1], boxes[0]])
    }

    @Test func exactRepetitionsAreReplicas() throws {
        let half = Placement(0..<3, of: [6]), rest = Placement(3..<6, of: [6])
        let made = try tensor([6], [half, rest, half, rest, half])
        #expect(made.pieces.count == 2)
        #expect(made.replicas.count == 3)
    }

    @Test func replicasAreWrittenToo() throws {
        let made = try tensor([2], [Placement(whole: [2]), Placement(whole: [2])])
        var offsets: [UInt64] = []
        let bytes: [UInt8] = Array(0..<8)
        try bytes.withUnsafeBytes { buffer in
            try made.layout.scatter(buffer) { (_, offset, part) throws(VarveError) in
                offsets.append(offset)
                #expect(Array(part) == bytes)
            }
        }
        #expect(offsets == [0, 100])
    }

    @Test func emptyPiecesAndEmptyTensorsAreFine() throws {
        #expect(try tensor([0, 3], []).byteCount == 0)
        #expect(try tensor([2], [Placement(offsets: [2], sizes: [0]), Placement(whole: [2])]).pieces.count == 1)
        #expect(try tensor([], [Placement(whole: [])]).byteCount == 4)
    }

    @Test func whatIsNoTensorIsRefused() {
        expectMalformed([4], [Placement(0..<3, of: [4])], "an element is missing at the end")
        expectMalformed([4], [Placement(1..<4, of: [4])], "an element is missing at the beginning")
        expectMalformed([4], [Placement(0..<2, of: [4]), Placement(1..<4, of: [4])], "runs overlap")
        expectMalformed([4], [], "no piece at all")
        expectMalformed([4], [Placement(offsets: [1], sizes: [4])], "beyond the shape")
        expectMalformed([4], [Placement(offsets: [-1], sizes: [4])], "before the shape")
        expectMalformed([4], [Placement(offsets: [0, 0], sizes: [4, 1])], "another number of dimensions")
        expectMalformed([4], [Placement(offsets: [.max], sizes: [.max], range: 0..<1)], "at an impossible place")
        expectMalformed([4], [Placement(offsets: [0], sizes: [4], range: 0..<5)], "more elements than its box")
        expectMalformed(
            [2, 4], [Placement(offsets: [0, 0], sizes: [2, 2]), Placement(offsets: [0, 1], sizes: [2, 2])],
            "boxes overlap")
        expectMalformed(
            [4, 4],
            [
                Placement(offsets: [0, 0], sizes: [2, 4]), Placement(offsets: [1, 0], sizes: [1, 4]),
                Placement(offsets: [3, 0], sizes: [1, 4]),
            ], "as many elements as the tensor, but one twice")
        expectMalformed([1 << 40, 1 << 40], [], "impossibly large")
        expectMalformed([-1], [], "a negative size")
        expectMalformed([1 << 62, 4, 0], [], "impossibly large beside a zero")
        expectMalformed([0, .max, .max], [], "impossibly large behind a zero")
    }

    @Test func manyPiecesAreToldApartQuickly() throws {
        let columns = (0..<2000).map { Placement(offsets: [0, $0], sizes: [2, 1]) }
        #expect(try tensor([2, 2000], columns).pieces.count == 2000)
        #expect(throws: VarveError.self) { try tensor([2, 2001], columns) }
    }

    @Test func elementsOfLessThanAByteAreLeftAlone() {
        let error = #expect(throws: VarveError.self) { try tensor([4], [Placement(whole: [4])], dtype: .f4) }
        #expect(error?.code == .unsupported)
    }

    @Test func aFlatBufferGivesPiecesAcrossFiles() throws {
        var buffer = FlatBuffer(.f32)
        try buffer.append(5, file: 0, offset: 10)
        try buffer.append(5, file: 1, offset: 20)
        let pieces = try #require(buffer.pieces(3..<9, offsets: [0, 0], sizes: [2, 3]))
        #expect(pieces.map(\.file) == [0, 1])
        #expect(pieces.map(\.offset) == [22, 20])
        #expect(pieces.map(\.placement.range) == [0..<2, 2..<6])
        #expect(buffer.pieces(3..<11, offsets: [0], sizes: [8]) == nil)
        #expect(buffer.pieces(10..<10, offsets: [0], sizes: [0])?.isEmpty ?? false)
    }
}
