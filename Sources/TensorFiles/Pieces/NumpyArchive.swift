package import FileSystem

/// The arrays of an `.npz` file: a zip file of stored `.npy` files.
package struct NumpyArchive {
    package struct Array: Sendable {
        package var name: String
        package var dtype: DType
        package var shape: [Int]
        /// First byte of its elements in the file, which lie in row-major order.
        package var offset: UInt64
    }

    /// In file order.
    package private(set) var arrays: [Array] = []

    /// Arrays of other kinds are left out: objects, other byte orders, column-major ones, compressed records.
    /// - Throws: `.truncated`, `.malformed` where the file breaks a rule of its format.
    package init(reading source: any ByteSource) throws(VarveError) {
        let directory = try ZipDirectory(reading: source)
        for record in directory.records where record.method == 0 && record.flags & 1 == 0 {
            let name = String(decoding: record.name, as: UTF8.self)
            guard name.hasSuffix(".npy") else { continue }
            if let array = try Self.array(String(name.dropLast(4)), record, source) { arrays.append(array) }
        }
    }

    private static func array(
        _ name: String, _ record: ZipRecord, _ source: any ByteSource
    ) throws(VarveError) -> Array? {
        func broken(_ message: String) -> VarveError {
            VarveError(.malformed, "npy: \(message)", file: source.name, offset: record.dataOffset, tensor: name)
        }
        let header: NumpyHeader
        switch try NumpyHeader.read(source, at: record.dataOffset, byteCount: record.byteCount) {
        case .header(let found): header = found
        case .foreign: throw broken("no magic number")
        case .cutOff: throw broken("its header does not fit into \(record.byteCount) bytes")
        case .other: return nil
        }
        guard let shape = header.shape else { throw broken("a shape that is no list of sizes") }
        guard let dtype = dtype(header.type), !header.isColumnMajor || shape.count <= 1 else { return nil }
        guard let elements = LogicalTensor.count(shape, bits: dtype.bits),
            UInt64(header.byteCount) + UInt64(elements * dtype.bits / 8) == record.byteCount
        else { throw broken("\(record.byteCount) bytes for the shape \(shape)") }
        return Array(name: name, dtype: dtype, shape: shape, offset: record.dataOffset + UInt64(header.byteCount))
    }

    private static func dtype(_ text: String) -> DType? {
        switch text {
        case "<f4": .f32
        case "<f8": .f64
        case "<f2": .f16
        case "<i8": .i64
        case "<i4": .i32
        case "<i2": .i16
        case "|i1": .i8
        case "<u8": .u64
        case "<u4": .u32
        case "<u2": .u16
        case "|u1": .u8
        case "|b1": .bool
        case "<c8": .c64
        default: nil
        }
    }
}
