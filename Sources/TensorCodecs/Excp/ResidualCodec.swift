/// The difference between a weight and its restored predecessor, and its way back.
///
/// Encoder and decoder both go through `restore`, so what the next step is coded against is the same on both sides,
/// bit for bit: one addition and one rounding per element, in Float (Double for `f64`).
package enum ResidualCodec {
    /// weight - predecessor in Float; for `f64` the Double difference, rounded to Float.
    /// - Parameters:
    ///   - weight, predecessor: elements of `format`, as many as `output` holds; any alignment.
    package static func residual(
        weight: UnsafeRawBufferPointer, predecessor: UnsafeRawBufferPointer, format: FloatFormat,
        into output: UnsafeMutableBufferPointer<Float>
    ) {
        check(weight.count, predecessor.count, output.count, format)
        switch format {
        case .f32:
            for i in 0..<output.count {
                output[i] = StoredFloats.float(weight, i) - StoredFloats.float(predecessor, i)
            }
        case .bf16:
            for i in 0..<output.count {
                output[i] = StoredFloats.bfloat16(weight, i) - StoredFloats.bfloat16(predecessor, i)
            }
        case .f16:
            for i in 0..<output.count {
                output[i] = StoredFloats.float16(weight, i) - StoredFloats.float16(predecessor, i)
            }
        case .f64:
            for i in 0..<output.count {
                output[i] = Float(StoredFloats.double(weight, i) - StoredFloats.double(predecessor, i))
            }
        }
    }

    /// One element of what `residual` makes of two tensors.
    static func residual(
        weight: UnsafeRawBufferPointer, predecessor: UnsafeRawBufferPointer, format: FloatFormat, at position: Int
    ) -> Float {
        let size = format.elementSize
        var value: Float = 0
        withUnsafeMutablePointer(to: &value) { value in
            residual(
                weight: UnsafeRawBufferPointer(rebasing: weight[position * size..<(position + 1) * size]),
                predecessor: UnsafeRawBufferPointer(rebasing: predecessor[position * size..<(position + 1) * size]),
                format: format, into: UnsafeMutableBufferPointer(start: value, count: 1))
        }
        return value
    }

    /// predecessor + value, rounded to the format. `output` may be the predecessor's own memory.
    package static func restore(
        predecessor: UnsafeRawBufferPointer, values: UnsafeBufferPointer<Float>, format: FloatFormat,
        into output: UnsafeMutableRawBufferPointer
    ) {
        check(output.count, predecessor.count, values.count, format)
        restore(predecessor, values.count, format, into: output) { values[$0] }
    }

    /// The same with the value of each element's index. Where that is 0, the predecessor's bits stay as they are.
    package static func restore(
        predecessor: UnsafeRawBufferPointer, indices: UnsafeBufferPointer<UInt8>, table: ResidualTable,
        format: FloatFormat, into output: UnsafeMutableRawBufferPointer
    ) {
        check(output.count, predecessor.count, indices.count, format)
        table.values.withUnsafeBufferPointer { table in
            restore(predecessor, indices.count, format, into: output) { table[Int(indices[$0])] }
        }
    }

    @inline(__always)
    private static func restore(
        _ predecessor: UnsafeRawBufferPointer, _ count: Int, _ format: FloatFormat,
        into output: UnsafeMutableRawBufferPointer, value: (Int) -> Float
    ) {
        switch format {
        case .f32:
            for i in 0..<count {
                let sum = StoredFloats.float(predecessor, i) + value(i)
                output.storeBytes(of: sum, toByteOffset: i &* 4, as: Float.self)
            }
        case .bf16:
            for i in 0..<count {
                let sum = StoredFloats.bfloat16(predecessor, i) + value(i)
                output.storeBytes(of: HalfPrecision.bfloat16(sum), toByteOffset: i &* 2, as: UInt16.self)
            }
        case .f16:
            for i in 0..<count {
                let sum = StoredFloats.float16(predecessor, i) + value(i)
                output.storeBytes(of: HalfPrecision.float16(sum), toByteOffset: i &* 2, as: UInt16.self)
            }
        case .f64:
            for i in 0..<count {
                let sum = StoredFloats.double(predecessor, i) + Double(value(i))
                output.storeBytes(of: sum, toByteOffset: i &* 8, as: Double.self)
            }
        }
    }

    /// A weight from its predecessor and its quantized residual.
    /// - Parameter predecessor: as many elements as there are indices.
    package static func restore(_ residual: ExcpRole, predecessor: [UInt8], format: FloatFormat) -> [UInt8] {
        let table = ResidualTable(residual.codebook)
        return [UInt8](unsafeUninitializedCapacity: predecessor.count) { output, filled in
            predecessor.withUnsafeBytes { predecessor in
                residual.indices.withUnsafeBufferPointer { indices in
                    restore(
                        predecessor: predecessor, indices: indices, table: table, format: format,
                        into: UnsafeMutableRawBufferPointer(
                            rebasing: UnsafeMutableRawBufferPointer(output)[..<predecessor.count]))
                }
            }
            filled = predecessor.count
        }
    }

    /// Squared and largest absolute difference of two buffers, in Double; infinite or NaN if a value is.
    package static func error(
        _ original: UnsafeRawBufferPointer, _ restored: UnsafeRawBufferPointer, format: FloatFormat
    ) -> ErrorMeasure {
        var sums = ErrorSums()
        sums.add(original, restored, format: format)
        return sums.measure
    }

    /// The sum of the values' squares, in Double and in the same fixed order as `error`.
    package static func energy(_ values: UnsafeRawBufferPointer, format: FloatFormat) -> Double {
        var sums = ErrorSums()
        sums.addSquares(values, format: format)
        return sums.squared
    }

    private static func check(_ left: Int, _ right: Int, _ count: Int, _ format: FloatFormat) {
        precondition(left == count * format.elementSize && right == left, "buffers of different lengths")
    }
}

/// What every index of a weight adds to its predecessor.
package struct ResidualTable: Sendable {
    /// 256 values, so that any index is in range.
    let values: [Float]

    package init(_ codebook: [Float]) {
        // x + -0 is x, bit for bit, for every finite x; x + 0 is not where x is -0.
        values = ExcpRole.table(codebook, pruned: -0.0)
    }
}

/// The residual of a weight and what has to be known of it, from one pass over the tensors.
package struct ResidualScan: Sendable {
    /// Whether all its values are finite; they are not where one of the weight or of the predecessor is not.
    package private(set) var isFinite = true
    /// Whether the weight is its predecessor, bit for bit.
    package private(set) var isUnchanged = true
    /// Median of the absolute values; of those that are finite alone it is unspecified.
    package private(set) var median = 0.0

    /// Elements that go through all stages while they are in the cache nearest to the core.
    private static let block = 4096

    /// - Parameters:
    ///   - weight, predecessor: elements of `format`, as many as `output` holds; any alignment.
    ///   - room: for at least a quarter of the elements and 4,096 more; overwritten.
    package init(
        weight: UnsafeRawBufferPointer, predecessor: UnsafeRawBufferPointer, format: FloatFormat,
        into output: UnsafeMutableBufferPointer<Float>, room: UnsafeMutableBufferPointer<Float>
    ) {
        let size = format.elementSize
        var search = MedianSearch(count: output.count, room: room) {
            ResidualCodec.residual(weight: weight, predecessor: predecessor, format: format, at: $0)
        }
        var start = 0
        while start < output.count {
            let end = min(start + Self.block, output.count)
            let left = UnsafeRawBufferPointer(rebasing: weight[start * size..<end * size])
            let right = UnsafeRawBufferPointer(rebasing: predecessor[start * size..<end * size])
            let values = UnsafeMutableBufferPointer(rebasing: output[start..<end])
            ResidualCodec.residual(weight: left, predecessor: right, format: format, into: values)
            isFinite = isFinite && !FloatFormat.f32.hasNonFinite(UnsafeRawBufferPointer(values))
            isUnchanged = isUnchanged && left.isEqual(to: right)
            search.add(UnsafeBufferPointer(values))
            start = end
        }
        median = search.median(UnsafeBufferPointer(output))
    }
}
