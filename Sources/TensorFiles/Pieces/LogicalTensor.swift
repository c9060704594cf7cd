package import FileSystem

/// A tensor as the model has it, and the pieces of files that it lies in.
package struct LogicalTensor: Sendable {
    package let name: String
    package let dtype: DType
    package let shape: [Int]
    /// They hold every element once. Ascending by their first elements.
    package let pieces: [TensorPiece]
    /// Further pieces that hold the elements of one of `pieces` once more.
    package let replicas: [TensorPiece]
    /// Whether every piece ends before the next one begins.
    let isSequential: Bool
    /// Bytes of the tensor before each piece's first one.
    let firsts: [Int]

    /// Larger tensors are refused, so that no later product of sizes overflows.
    private static let bitLimit = 1 << 59

    /// - Parameters:
    ///   - pieces: in any order.
    ///   - file: named in errors.
    /// - Throws: `.malformed` where the pieces leave elements out, overlap, or lie outside of the shape; `.unsupported` for
    ///   elements of less than a byte.
    package init(name: String, dtype: DType, shape: [Int], pieces: [TensorPiece], file: String) throws(VarveError) {
        func fault(_ code: VarveError.Code, _ message: String) -> VarveError {
            VarveError(code, message, file: file, tensor: name)
        }
        guard dtype.bits % 8 == 0 else { throw fault(.unsupported, "pieces of elements of less than a byte") }
        guard Self.count(shape, bits: dtype.bits) != nil else {
            throw fault(.malformed, "the shape \(shape) is impossible")
        }
        let coverage: PieceCoverage
        do throws(PieceCoverage.Fault) {
            coverage = try PieceCoverage(pieces.map(\.placement), shape: shape)
        } catch {
            throw fault(.malformed, error.message)
        }
        let bytes = dtype.bits / 8
        var located: [(piece: TensorPiece, first: Int, last: Int)] = []
        for index in coverage.pieces {
            let piece = pieces[index]
            let map = PieceMap(piece.placement, shape: shape, elementBytes: bytes)
            guard !piece.offset.addingReportingOverflow(UInt64(map.range.count)).overflow else {
                throw fault(.malformed, "a piece at byte \(piece.offset)")
            }
            located.append((piece, map.position(of: 0), map.position(of: map.range.count - 1)))
        }
        located.sort { $0.first < $1.first }
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.pieces = located.map(\.piece)
        replicas = coverage.replicas.map { pieces[$0] }
        firsts = located.map(\.first)
        isSequential = zip(located, located.dropFirst()).allSatisfy { $0.last < $1.first }
    }

    /// Elements of a shape; `nil` where there are impossibly many, or less than none in a dimension.
    package static func count(_ shape: [Int], bits: Int = 64) -> Int? {
        guard shape.allSatisfy({ $0 >= 0 }) else { return nil }
        // Sizes beside a zero count as well: they are multiplied elsewhere, in any order.
        var product = bits
        for size in shape {
            let (next, overflow) = product.multipliedReportingOverflow(by: max(1, size))
            guard !overflow, next < bitLimit else { return nil }
            product = next
        }
        return shape.contains(0) ? 0 : product / bits
    }

    package var count: Int { shape.contains(0) ? 0 : shape.reduce(1, *) }
    package var byteCount: Int { count * dtype.bits / 8 }

    func map(_ piece: TensorPiece) -> PieceMap {
        PieceMap(piece.placement, shape: shape, elementBytes: dtype.bits / 8)
    }

    /// Calls `body` for every piece that has some of these bytes of the tensor: with the bytes of the piece that do.
    func forEachPiece(
        in bytes: Range<Int>, _ body: (TensorPiece, PieceMap, Range<Int>) throws(VarveError) -> Void
    ) throws(VarveError) {
        var index = isSequential ? start(bytes.lowerBound) : 0
        while index < pieces.count, firsts[index] < bytes.upperBound {
            let map = map(pieces[index])
            let part = map.rank(of: bytes.lowerBound)..<map.rank(of: bytes.upperBound)
            if !part.isEmpty { try body(pieces[index], map, part) }
            index += 1
        }
    }

    /// The last piece that begins at or before a byte.
    private func start(_ byte: Int) -> Int {
        var (low, high) = (0, pieces.count)
        while low < high {
            let middle = (low + high) / 2
            if firsts[middle] <= byte { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }
}
