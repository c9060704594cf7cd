import FileSystem

/// The JSON header of a safetensors file.
struct SafetensorsHeader {
    /// In header order. Of entries with the same name only the last one.
    private(set) var entries: [SafetensorsEntry] = []
    private(set) var metadata: [String: String] = [:]

    /// Parses the whole header, white space around the object included.
    init(parsing bytes: [UInt8], file: String, at offset: UInt64) throws(VarveError) {
        var scanner = JSONScanner(bytes, file: file, base: offset)
        // Names are compared byte by byte; Swift's strings are equal under canonical equivalence.
        var positions: [[UInt8]: Int] = [:]
        var slots: [SafetensorsEntry?] = []
        var metadata: [String: String]?
        try scanner.object { (scanner, key) throws(VarveError) in
            if key.utf8.elementsEqual("__metadata__".utf8) {
                guard metadata == nil else { throw scanner.failure("__metadata__ stands twice") }
                metadata = try Self.metadata(from: &scanner)
            } else {
                let entry = try SafetensorsEntry(key, from: &scanner)
                if let earlier = positions.updateValue(slots.count, forKey: Array(key.utf8)) { slots[earlier] = nil }
                slots.append(entry)
            }
        }
        try scanner.end()
        self.entries = slots.compactMap(\.self)
        self.metadata = metadata ?? [:]
    }

    private static func metadata(from scanner: inout JSONScanner) throws(VarveError) -> [String: String] {
        try scanner.consumeNull() ? [:] : try scanner.strings()
    }
}

/// One tensor as a safetensors header declares it; nothing here is checked against the file yet.
struct SafetensorsEntry {
    var name: String
    var dtype: DType
    var shape: [UInt64]
    /// Bytes from the start of the data section.
    var begin: UInt64
    var end: UInt64

    /// Reads the entry of `name`: an object, or an array of the three fields in order.
    init(_ name: String, from scanner: inout JSONScanner) throws(VarveError) {
        var dtype: DType?
        var shape: [UInt64]?
        var offsets: [UInt64]?
        let start = scanner.offset
        if scanner.peek() == UInt8(ascii: "[") {
            try scanner.array { (scanner, index) throws(VarveError) in
                switch index {
                case 0: dtype = try Self.dtype(from: &scanner)
                case 1: shape = try Self.integers(from: &scanner)
                case 2: offsets = try Self.integers(from: &scanner)
                default: throw scanner.failure("a tensor of more than three fields").at(tensor: name)
                }
            }
        } else {
            try scanner.object { (scanner, key) throws(VarveError) in
                let isNew: Bool
                switch key {
                case "dtype":
                    isNew = dtype == nil
                    dtype = try Self.dtype(from: &scanner)
                case "shape":
                    isNew = shape == nil
                    shape = try Self.integers(from: &scanner)
                case "data_offsets":
                    isNew = offsets == nil
                    offsets = try Self.integers(from: &scanner)
                default:
                    isNew = true
                    try scanner.skipValue()
                }
                guard isNew else { throw scanner.failure("field \(key) stands twice").at(tensor: name) }
            }
        }
        guard let dtype, let shape, let offsets else {
            throw scanner.failure("dtype, shape or data_offsets is missing", at: start).at(tensor: name)
        }
        guard offsets.count == 2 else {
            throw scanner.failure("data_offsets has \(offsets.count) numbers, not 2", at: start).at(tensor: name)
        }
        (self.name, self.dtype, self.shape, self.begin, self.end) = (name, dtype, shape, offsets[0], offsets[1])
    }

    /// The name of a dtype. The reference also takes `{"F32": null}`.
    private static func dtype(from scanner: inout JSONScanner) throws(VarveError) -> DType {
        let isObject = scanner.peek() == UInt8(ascii: "{")
        let start = scanner.offset
        var names: [String] = []
        if isObject {
            try scanner.object { (scanner, key) throws(VarveError) in
                names.append(key)
                guard try scanner.consumeNull() else { throw scanner.failure("expected null") }
            }
        } else {
            names.append(try scanner.string())
        }
        guard names.count == 1, let name = names.first else { throw scanner.failure("expected one dtype", at: start) }
        guard let dtype = DType(rawValue: name), dtype.isSafetensors else {
            throw scanner.failure("unknown dtype \(name)", at: start)
        }
        return dtype
    }

    private static func integers(from scanner: inout JSONScanner) throws(VarveError) -> [UInt64] {
        var result: [UInt64] = []
        try scanner.array { (scanner, _) throws(VarveError) in result.append(try scanner.unsigned()) }
        return result
    }

    /// Bytes that dtype and shape ask for; `nil` where the product overflows 64 bits or ends within a byte.
    var expectedByteCount: UInt64? {
        var count: UInt64 = 1
        for size in shape + [UInt64(dtype.bits)] {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            if overflow { return nil }
            count = product
        }
        return count % 8 == 0 ? count / 8 : nil
    }
}
