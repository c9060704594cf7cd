import FileSystem

/// Where the bytes of a tensor lie: in one run of a file, or in pieces of one or many.
package struct TensorPieces: Sendable {
    /// What placements count in: the tensor's shape, or its bytes where it is one run.
    package let shape: [Int]
    private let elementBytes: Int
    /// They hold every element once. Ascending by their first elements.
    package let pieces: [TensorPiece]
    /// Further pieces that hold the elements of one of `pieces` once more.
    package let replicas: [TensorPiece]
    /// Whether every piece ends before the next one begins.
    private let isSequential: Bool
    /// Bytes of the tensor before each piece's first one.
    private let firsts: [Int]

    /// One run of bytes, in the order in which they are stored.
    package init(file: Int, offset: UInt64, byteCount: Int) {
        shape = [byteCount]
        elementBytes = 1
        pieces = [TensorPiece(file: file, offset: offset, placement: Placement(whole: shape))]
        (replicas, isSequential, firsts) = ([], true, [0])
    }

    /// - Parameters:
    ///   - shape: one that `LogicalTensor.count` knows.
    ///   - pieces: in any order; of equal ones the later ones are replicas.
    ///   - budget: what the proof that they are the tensor may take.
    /// - Throws: what is wrong with them: they leave elements out, overlap, or lie outside of the shape.
    package init(
        shape: [Int], elementBytes: Int, pieces: [TensorPiece], budget: inout PieceBudget
    ) throws(PieceFault) {
        let coverage = try PieceCoverage(pieces.map(\.placement), shape: shape, budget: &budget)
        var located: [(piece: TensorPiece, first: Int, last: Int)] = []
        for index in coverage.pieces {
            let piece = pieces[index]
            let map = PieceMap(piece.placement, shape: shape, elementBytes: elementBytes)
            located.append((piece, map.position(of: 0), map.position(of: map.range.count - 1)))
        }
        for piece in pieces {
            let byteCount = UInt64(piece.placement.count * elementBytes)
            guard !piece.offset.addingReportingOverflow(byteCount).overflow else {
                throw PieceFault(message: "a piece at byte \(piece.offset)")
            }
        }
        located.sort { $0.first < $1.first }
        self.shape = shape
        self.elementBytes = elementBytes
        self.pieces = located.map(\.piece)
        replicas = coverage.replicas.map { pieces[$0] }
        firsts = located.map(\.first)
        isSequential = zip(located, located.dropFirst()).allSatisfy { $0.last < $1.first }
    }

    private init(_ other: TensorPieces, pieces: [TensorPiece], replicas: [TensorPiece]) {
        (shape, elementBytes) = (other.shape, other.elementBytes)
        (isSequential, firsts) = (other.isSequential, other.firsts)
        (self.pieces, self.replicas) = (pieces, replicas)
    }

    /// The same in files of other numbers, with some of the replicas.
    package func numbered(_ number: (Int) -> Int, replicas: [TensorPiece]? = nil) -> TensorPieces {
        func moved(_ piece: TensorPiece) -> TensorPiece {
            TensorPiece(file: number(piece.file), offset: piece.offset, placement: piece.placement)
        }
        return TensorPieces(self, pieces: pieces.map(moved), replicas: (replicas ?? self.replicas).map(moved))
    }

    /// Bytes of the tensor.
    package var byteCount: Int { shape.contains(0) ? 0 : shape.reduce(elementBytes, *) }

    /// The pieces and the replicas.
    package var all: [TensorPiece] { replicas.isEmpty ? pieces : pieces + replicas }

    /// Where the tensor is one run of a file, and nowhere else, that run.
    package var run: (file: Int, range: Range<UInt64>)? {
        guard pieces.count == 1, replicas.isEmpty else { return nil }
        return (pieces[0].file, range(pieces[0]))
    }

    /// The file and the offset of the tensor's first byte.
    package var start: (file: Int, offset: UInt64) { pieces.first.map { ($0.file, $0.offset) } ?? (0, 0) }

    /// The bytes of its file that a piece fills.
    package func range(_ piece: TensorPiece) -> Range<UInt64> {
        piece.offset..<piece.offset + UInt64(piece.placement.count * elementBytes)
    }

    func map(_ piece: TensorPiece) -> PieceMap {
        PieceMap(piece.placement, shape: shape, elementBytes: elementBytes)
    }

    /// Calls `body` for every piece that has some of these bytes of the tensor: with the bytes of the piece that do.
    func forEachPiece(
        in bytes: Range<Int>, _ body: (TensorPiece, PieceMap, Range<Int>) throws(VarveError) -> Void
    ) throws(VarveError) {
        var index = isSequential ? piece(at: bytes.lowerBound) : 0
        while index < pieces.count, firsts[index] < bytes.upperBound {
            let map = map(pieces[index])
            let part = map.rank(of: bytes.lowerBound)..<map.rank(of: bytes.upperBound)
            if !part.isEmpty { try body(pieces[index], map, part) }
            index += 1
        }
    }

    /// The last piece that begins at or before a byte.
    private func piece(at byte: Int) -> Int {
        var (low, high) = (0, pieces.count)
        while low < high {
            let middle = (low + high) / 2
            if firsts[middle] <= byte { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }
}
