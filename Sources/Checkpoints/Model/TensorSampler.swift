import FileSystem
import TensorFiles

/// Reads single values of a tensor as Float, for proofs by data.
enum TensorSampler {
    /// The most values a tensor is sampled at.
    static let sampleLimit = 16384
    /// Values next to each other that are read together.
    private static let blockLength = 128

    /// Elements (storage order) at which a tensor of `count` elements is sampled: all of a small one, else blocks spread
    /// evenly. Depends on `count` alone; `limit` cuts the last of them off.
    static func runs(count: Int, limit: Int = sampleLimit) -> [Range<Int>] {
        guard count > sampleLimit else { return count > 0 ? [0..<min(count, limit)] : [] }
        let blocks = sampleLimit / blockLength
        var runs: [Range<Int>] = []
        var left = min(limit, sampleLimit)
        for block in 0..<blocks where left > 0 {
            let start = Int((Double(block) + 0.5) / Double(blocks) * Double(count - blockLength))
            runs.append(start..<start + min(blockLength, left))
            left -= blockLength
        }
        return runs
    }

    /// Whether `values` can read it.
    static func isReadable(_ tensor: StoredTensor, in file: TensorFile) -> Bool {
        tensor.dtype.isQuantizable && !tensor.isOpaque && file.byteRange(of: tensor) != nil
    }

    /// Says that `values` will be asked for.
    static func prefetch(_ index: Int, in file: TensorFile, runs: [Range<Int>]) {
        guard let range = file.byteRange(of: file.tensors[index]) else { return }
        let size = file.tensors[index].dtype.bits / 8
        for run in runs where run.upperBound <= file.tensors[index].count {
            file.source.prefetch(
                range.lowerBound + UInt64(run.lowerBound * size)..<range.lowerBound + UInt64(run.upperBound * size))
        }
    }

    /// The values of ascending runs of elements in storage order.
    /// - Throws: `.unsupported` for a tensor that is not dense or of another type; `.inputOutput`.
    static func values(of index: Int, in file: TensorFile, runs: [Range<Int>]) throws(VarveError) -> [Float] {
        let tensor = file.tensors[index]
        guard let last = runs.last?.upperBound else { return [] }
        guard let range = file.byteRange(of: tensor), !tensor.isOpaque, last <= tensor.count else {
            throw VarveError(
                .unsupported, "its values cannot be read one by one", file: file.source.name, tensor: tensor.name)
        }
        let size = tensor.dtype.bits / 8
        var values: [Float] = []
        values.reserveCapacity(runs.reduce(0) { $0 + $1.count })
        for run in runs {
            let bytes = try file.source.bytes(
                at: range.lowerBound + UInt64(run.lowerBound * size), count: run.count * size)
            try append(bytes, tensor.dtype, to: &values)
        }
        return values
    }

    private static func append(_ bytes: [UInt8], _ dtype: DType, to values: inout [Float]) throws(VarveError) {
        bytes.withUnsafeBytes { buffer in
            switch dtype {
            case .f32:
                for offset in stride(from: 0, to: buffer.count, by: 4) {
                    values.append(
                        Float(
                            bitPattern: UInt32(
                                littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt32.self))))
                }
            case .f64:
                for offset in stride(from: 0, to: buffer.count, by: 8) {
                    values.append(
                        Float(
                            Double(
                                bitPattern: UInt64(
                                    littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))))
                }
            case .bf16:
                for offset in stride(from: 0, to: buffer.count, by: 2) {
                    let bits = UInt16(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
                    values.append(Float(bitPattern: UInt32(bits) << 16))
                }
            case .f16:
                for offset in stride(from: 0, to: buffer.count, by: 2) {
                    values.append(
                        half(UInt16(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt16.self))))
                }
            case .i64, .u64:
                for offset in stride(from: 0, to: buffer.count, by: 8) {
                    values.append(
                        Float(Int64(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: Int64.self))))
                }
            case .i32, .u32:
                for offset in stride(from: 0, to: buffer.count, by: 4) {
                    values.append(
                        Float(Int32(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: Int32.self))))
                }
            default: break
            }
        }
        guard dtype.isQuantizable || [.i64, .u64, .i32, .u32].contains(dtype) else {
            throw VarveError(.unsupported, "values of type \(dtype.rawValue) cannot be read one by one")
        }
    }

    /// IEEE half precision without the type, which not every platform has.
    private static func half(_ bits: UInt16) -> Float {
        let sign: Float = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10) & 0x1f
        let fraction = Float(bits & 0x3ff)
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1 + fraction * 0x1p-10) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
        }
    }
}
