/// Reads and writes rectangles of a tensor's stored bytes as Doubles; every format's values are Doubles exactly.
extension FloatFormat {
    /// The values of a tile, row by row.
    func values(_ bytes: UnsafeRawBufferPointer, columns: Int, _ tile: MatrixForm.Tile) -> [Double] {
        let width = tile.columns.count
        return [Double](unsafeUninitializedCapacity: tile.count) { output, filled in
            for (position, row) in tile.rows.enumerated() {
                let start = row * columns + tile.columns.lowerBound
                let target = UnsafeMutableBufferPointer(rebasing: output[position * width..<(position + 1) * width])
                load(bytes, from: start, into: target)
            }
            filled = tile.count
        }
    }

    func load(_ bytes: UnsafeRawBufferPointer, from start: Int, into target: UnsafeMutableBufferPointer<Double>) {
        switch self {
        case .f32:
            for i in 0..<target.count {
                target[i] = Double(bytes.loadUnaligned(fromByteOffset: (start &+ i) &* 4, as: Float.self))
            }
        case .bf16:
            for i in 0..<target.count {
                let bits = bytes.loadUnaligned(fromByteOffset: (start &+ i) &* 2, as: UInt16.self)
                target[i] = Double(HalfPrecision.float(bfloat16: bits))
            }
        case .f16:
            for i in 0..<target.count {
                let bits = bytes.loadUnaligned(fromByteOffset: (start &+ i) &* 2, as: UInt16.self)
                target[i] = Double(HalfPrecision.float(float16: bits))
            }
        case .f64:
            for i in 0..<target.count {
                target[i] = bytes.loadUnaligned(fromByteOffset: (start &+ i) &* 8, as: Double.self)
            }
        }
    }

    /// Stores a tile's values, rounded to the format (first to Float where the format is narrower than Double).
    func store(
        _ values: [Double], to bytes: UnsafeMutableRawBufferPointer, columns: Int, _ tile: MatrixForm.Tile
    ) {
        let width = tile.columns.count
        values.withUnsafeBufferPointer { values in
            for (position, row) in tile.rows.enumerated() {
                store(
                    UnsafeBufferPointer(rebasing: values[position * width..<(position + 1) * width]), to: bytes,
                    at: row * columns + tile.columns.lowerBound)
            }
        }
    }

    /// Stores a run of values from the element `start` on.
    func store(_ values: UnsafeBufferPointer<Double>, to bytes: UnsafeMutableRawBufferPointer, at start: Int) {
        let output = UnsafeMutableRawBufferPointer(
            rebasing: bytes[start * elementSize..<(start + values.count) * elementSize])
        switch self {
        case .f32:
            for i in 0..<values.count {
                output.storeBytes(of: Float(values[i]), toByteOffset: i &* 4, as: Float.self)
            }
        case .bf16:
            for i in 0..<values.count {
                output.storeBytes(
                    of: HalfPrecision.bfloat16(Float(values[i])), toByteOffset: i &* 2, as: UInt16.self)
            }
        case .f16:
            for i in 0..<values.count {
                output.storeBytes(of: HalfPrecision.float16(Float(values[i])), toByteOffset: i &* 2, as: UInt16.self)
            }
        case .f64:
            for i in 0..<values.count {
                output.storeBytes(of: values[i], toByteOffset: i &* 8, as: Double.self)
            }
        }
    }
}
