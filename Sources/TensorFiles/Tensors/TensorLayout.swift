import FileSystem

/// How the elements of a tensor lie in its file, in whole bytes, with dimensions merged that need not be told apart.
struct TensorLayout {
    /// Bytes per element.
    private(set) var unit: Int
    private(set) var shape: [Int]
    /// In elements.
    private(set) var strides: [Int]
    /// First element, from the start of the file.
    private(set) var fileOffset: UInt64
    private(set) var byteCount: Int

    /// - Returns: `nil` where elements share bytes in a way that no run of bytes can follow (an F4 tensor with a stride
    ///   of a single element, for instance).
    init?(_ tensor: StoredTensor, storageOffset: UInt64) {
        let bits = tensor.dtype.bits
        guard tensor.elementOffset * bits % 8 == 0 else { return nil }
        fileOffset = storageOffset + UInt64(tensor.elementOffset * bits / 8)
        byteCount = tensor.byteCount
        unit = max(1, bits / 8)
        shape = tensor.shape
        strides = tensor.strides
        if byteCount == 0 || tensor.isContiguous {
            (unit, shape, strides) = (1, [byteCount], [1])
        } else if bits == 4 {
            guard let last = shape.last, last % 2 == 0, strides.last == 1,
                strides.dropLast().allSatisfy({ $0 % 2 == 0 })
            else { return nil }
            shape[shape.count - 1] = last / 2
            strides = strides.dropLast().map { $0 / 2 } + [1]
        } else if bits % 8 != 0 {
            return nil
        }
        merge()
    }

    /// Drops dimensions of size 1 and joins neighbours that one stride describes.
    private mutating func merge() {
        var merged: [(size: Int, stride: Int)] = []
        for (size, stride) in zip(shape, strides) where size != 1 {
            if let last = merged.last, last.stride == stride * size {
                merged[merged.count - 1] = (last.size * size, stride)
            } else {
                merged.append((size, stride))
            }
        }
        shape = merged.map(\.size)
        strides = merged.map(\.stride)
    }

    /// Elements that lie side by side in the file and in row-major order.
    var runCount: Int { strides.last == 1 ? shape.last ?? 1 : 1 }

    /// Elements from the first to the last in the file, both counted.
    var extent: Int { zip(shape, strides).reduce(1) { $0 + ($1.0 - 1) * $1.1 } }

    /// Calls `body` with the position of each run, in elements from the first, in row-major order.
    func forEachRun(_ body: (Int) throws(VarveError) -> Void) throws(VarveError) {
        guard byteCount > 0 else { return }
        let outer = strides.last == 1 ? shape.count - 1 : shape.count
        var index = [Int](repeating: 0, count: outer)
        var position = 0
        while true {
            try body(position)
            var dimension = outer - 1
            while dimension >= 0 {
                index[dimension] += 1
                position += strides[dimension]
                if index[dimension] < shape[dimension] { break }
                position -= shape[dimension] * strides[dimension]
                index[dimension] = 0
                dimension -= 1
            }
            if dimension < 0 { return }
        }
    }
}
