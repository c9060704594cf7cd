import Checkpoints
import FileSystem
import TensorFiles

/// A tensor that is exported: what it is called in the new files, and where it is in the checkpoint's own.
struct ExportedTensor: Sendable {
    enum Source: Sendable {
        case stored(TensorIndex, StoredTensor)
        /// One that the optimizer keeps as a plain number.
        case number(Double)
    }

    var name: String
    var dtype: DType
    var shape: [Int]
    var byteCount: Int
    var source: Source

    init(_ name: String, _ index: TensorIndex, _ tensor: StoredTensor) {
        self.name = name
        dtype = tensor.dtype
        shape = tensor.shape
        byteCount = tensor.byteCount
        source = .stored(index, tensor)
    }

    /// A scalar of type F64.
    init(_ name: String, _ number: Double) {
        self.name = name
        (dtype, shape, byteCount) = (.f64, [], 8)
        source = .number(number)
    }

    /// Bytes that gathering it takes at most: elements in another order are read together with what lies between them.
    var gatheringCost: Int {
        guard case .stored(_, let tensor) = source, !tensor.isContiguous else { return 2 << 20 }
        return 4 * byteCount + 2 << 20
    }

    /// - Throws: `.unsupported` where safetensors cannot hold it.
    func checkForm() throws(VarveError) {
        guard dtype.isSafetensors else {
            throw VarveError(.unsupported, "safetensors has no type for \(dtype.rawValue)", tensor: name)
        }
        guard shape.contains(0) || shape.reduce(1, *) * dtype.bits % 8 == 0 else {
            throw VarveError(.unsupported, "safetensors has no tensors that end within a byte", tensor: name)
        }
        guard case .stored(_, let tensor) = source, tensor.isOpaque else { return }
        throw VarveError(
            .unsupported, "its values are not its bytes: they are of the other byte order, conjugate or negative",
            tensor: name)
    }
}
