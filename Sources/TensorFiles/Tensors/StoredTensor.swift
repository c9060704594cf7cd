/// One tensor in a file: a view on a storage.
package struct StoredTensor: Sendable, Hashable {
    /// safetensors: the key. torch: the keys and indices from the root of the pickle, joined by dots
    /// (`optimizer.state.0.exp_avg`).
    package var name: String
    package var dtype: DType
    /// Sizes. Beyond `Int.max` they are cut to it, which safetensors allows in tensors without elements only.
    package var shape: [Int]
    /// In elements, like torch's.
    package var strides: [Int]
    /// Index into the file's storages.
    package var storage: Int
    /// Elements from the start of the storage.
    package var elementOffset: Int
    /// torch only: the node of the pickle that builds it. Two names of one memoized tensor share it.
    package var node: PickleTree.Node?
    /// The bytes are of the other endianness, or the value is the conjugate or negative of the bytes: never quantized.
    package var isOpaque: Bool

    package init(
        name: String, dtype: DType, shape: [Int], strides: [Int], storage: Int, elementOffset: Int,
        node: PickleTree.Node? = nil, isOpaque: Bool = false
    ) {
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.strides = strides
        self.storage = storage
        self.elementOffset = elementOffset
        self.node = node
        self.isOpaque = isOpaque
    }

    /// Number of elements (1 for a scalar). Never overflows: readers check shapes before they make a tensor.
    package var count: Int { shape.contains(0) ? 0 : shape.reduce(1, *) }

    /// Bytes of the elements, padding of sub-byte types rounded up.
    package var byteCount: Int { (count * dtype.bits + 7) / 8 }

    /// Whether elements lie in row-major order without gaps.
    package var isContiguous: Bool {
        if count == 0 { return true }
        var expected = 1
        for (size, stride) in zip(shape, strides).reversed() {
            if size != 1, stride != expected { return false }
            expected *= size
        }
        return true
    }

    /// Whether the elements cover a run of the storage exactly once, in whatever order of dimensions
    /// (`channels_last`, a transposed matrix). Such a tensor can be coded in place, in storage order.
    package var isDense: Bool {
        if count == 0 { return true }
        var expected = 1
        for (size, stride) in zip(shape, strides).filter({ $0.0 != 1 }).sorted(by: { $0.1 < $1.1 }) {
            if stride != expected { return false }
            expected *= size
        }
        return true
    }

    /// Strides of a row-major tensor, in elements; zeros where one of the sizes is 0.
    package static func rowMajorStrides(_ shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 0, count: shape.count)
        if shape.contains(0) { return strides }
        var expected = 1
        for index in shape.indices.reversed() {
            strides[index] = expected
            expected *= shape[index]
        }
        return strides
    }
}
