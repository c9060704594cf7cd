package import FileSystem

/// A tensor as the model has it, and the pieces of files that it lies in.
package struct LogicalTensor: Sendable {
    package let name: String
    package let dtype: DType
    package let shape: [Int]
    package let layout: TensorPieces

    /// PyTorch has no more.
    package static let mostDimensions = 64
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
        guard shape.count <= Self.mostDimensions, Self.count(shape, bits: dtype.bits) != nil else {
            throw fault(.malformed, "the shape \(shape) is impossible")
        }
        do throws(PieceFault) {
            var budget = PieceBudget(count: pieces.count)
            layout = try TensorPieces(
                shape: shape, elementBytes: dtype.bits / 8, pieces: pieces, budget: &budget)
        } catch {
            throw fault(.malformed, error.message)
        }
        self.name = name
        self.dtype = dtype
        self.shape = shape
    }

    /// A tensor whose pieces were proved before.
    package init(_ name: String, _ dtype: DType, _ shape: [Int], _ layout: TensorPieces) {
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.layout = layout
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
    package var byteCount: Int { layout.byteCount }
    package var pieces: [TensorPiece] { layout.pieces }
    package var replicas: [TensorPiece] { layout.replicas }
}
