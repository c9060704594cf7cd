package import FileSystem

/// The header of a `.npy` file: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }` behind a magic number.
package struct NumpyHeader: Sendable {
    /// What stands where a header is expected.
    package enum Reading: Sendable {
        case header(NumpyHeader)
        /// Something that does not begin as a header does.
        case foreign
        /// A header that is longer than the bytes that are there.
        case cutOff
        /// A header of something else than one array of one type, such as records.
        case other
    }

    /// The elements' type as numpy writes it: `<f4`.
    package let type: String
    package let isColumnMajor: Bool
    /// `nil` where it is no list of sizes.
    package let shape: [Int]?
    /// Bytes before the elements.
    package let byteCount: Int

    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// Magic number, version and the longer form of the text's length.
    private static let headBytes = 12
    private static let longestText = 1 << 16

    /// Reads the header at `offset`, where `byteCount` bytes are the file's.
    package static func read(
        _ source: any ByteSource, at offset: UInt64, byteCount: UInt64
    ) throws(VarveError) -> Reading {
        let head = try source.bytes(at: offset, count: Int(min(byteCount, UInt64(headBytes))))
        guard head.starts(with: magic.prefix(head.count)) else { return .foreign }
        guard head.count == headBytes else { return .cutOff }
        let isShort = head[6] == 1
        let start = isShort ? 10 : 12
        let count = isShort ? Int(head.littleEndian(UInt16.self, at: 8)) : Int(head.littleEndian(UInt32.self, at: 8))
        guard count <= longestText, UInt64(start + count) <= byteCount else { return .cutOff }
        let text = String(decoding: try source.bytes(at: offset + UInt64(start), count: count), as: UTF8.self)
        guard let type = text.firstMatch(of: /'descr':\s*'([^']*)'/),
            let order = text.firstMatch(of: /'fortran_order':\s*(True|False)/),
            let sizes = text.firstMatch(of: /'shape':\s*\(([^)]*)\)/)
        else { return .other }
        return .header(
            NumpyHeader(
                type: String(type.1), isColumnMajor: order.1 == "True", shape: shape(sizes.1), byteCount: start + count)
        )
    }

    private static func shape(_ text: Substring) -> [Int]? {
        var shape: [Int] = []
        for size in text.split(separator: ",") {
            let digits = size.filter { !$0.isWhitespace }
            if digits.isEmpty { continue }
            guard let value = Int(digits), value >= 0 else { return nil }
            shape.append(value)
        }
        return shape
    }
}
