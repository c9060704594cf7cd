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
