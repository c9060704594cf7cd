package import FileSystem
import TensorFiles

/// Compares files block by block, without holding more than a block of either.
package enum FileComparison {
    private static let blockSize: UInt64 = 1 << 20

    package static func sameBytes(_ first: any ByteSource, _ second: any ByteSource) throws(VarveError) -> Bool {
        guard first.byteCount == second.byteCount else { return false }
        return try sameBytes(first, 0, second, 0, first.byteCount)
    }

    private static func sameBytes(
        _ first: any ByteSource, _ firstOffset: UInt64, _ second: any ByteSource, _ secondOffset: UInt64,
        _ count: UInt64
    ) throws(VarveError) -> Bool {
        var done: UInt64 = 0
        while done < count {
            let block = Int(min(blockSize, count - done))
            let a = try first.bytes(at: firstOffset + done, count: block)
            let b = try second.bytes(at: secondOffset + done, count: block)
            if a != b { return false }
            done += UInt64(block)
        }
        return true
    }

    /// Whether two containers hold the same tensors under the same names in the same order.
    static func sameTensors(_ first: any ByteSource, _ second: any ByteSource) throws(VarveError) -> Bool {
        guard let a = try TensorFile.open(first), let b = try TensorFile.open(second), a.container == b.container,
            a.tensors.count == b.tensors.count, !a.tensors.isEmpty
        else { return false }
        var storages: [Int: Int] = [:]
        var order: [(Int, Int)] = []
        for (x, y) in zip(a.tensors, b.tensors) {
            guard x.name == y.name, x.dtype == y.dtype, x.shape == y.shape, x.strides == y.strides,
                x.elementOffset == y.elementOffset, x.isOpaque == y.isOpaque,
                a.storages[x.storage].byteCount == b.storages[y.storage].byteCount
            else { return false }
            if let known = storages[x.storage] {
                if known != y.storage { return false }
            } else {
                storages[x.storage] = y.storage
                order.append((x.storage, y.storage))
            }
        }
        for (x, y) in order {
            let (p, q) = (a.storages[x], b.storages[y])
            guard try sameBytes(first, p.fileOffset, second, q.fileOffset, p.byteCount) else { return false }
        }
        return true
    }
}
