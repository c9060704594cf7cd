/// Writes pickles of protocol 2 opcode by opcode, for test files.
public struct PickleWriter: Sendable {
    public private(set) var bytes: [UInt8] = [0x80, 2]

    public init() {}

    public mutating func opcode(_ bytes: UInt8...) { self.bytes += bytes }
    public mutating func mark() { opcode(0x28) }
    public mutating func string(_ text: String) {
        bytes += [0x58] + LittleEndianBytes.of(UInt32(text.utf8.count)) + Array(text.utf8)
    }
    public mutating func int(_ value: Int) {
        bytes += [0x8A, 8] + LittleEndianBytes.of(Int64(value))
    }
    public mutating func float(_ value: Double) { bytes += [0x47] + LittleEndianBytes.of(value.bitPattern).reversed() }
    public mutating func global(_ module: String, _ name: String) {
        bytes += [0x63] + Array("\(module)\n\(name)\n".utf8)
    }
    public mutating func tuple(_ values: [Int]) {
        mark()
        for value in values { int(value) }
        opcode(0x74)
    }

    /// A dict whose values `value` writes.
    public mutating func dict<Value>(_ pairs: [(String, Value)], _ value: (inout PickleWriter, Value) -> Void) {
        opcode(0x7D)
        mark()
        for (key, item) in pairs {
            string(key)
            value(&self, item)
        }
        opcode(0x75)
    }

    /// `torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict())`.
    public mutating func tensor(
        storage key: String, storageClass: String = "FloatStorage", count: Int, offset: Int = 0, shape: [Int],
        strides: [Int]? = nil, location: String = "cpu", isLegacy: Bool = false
    ) {
        global("torch._utils", "_rebuild_tensor_v2")
        mark()
        mark()
        string("storage")
        global("torch", storageClass)
        string(key)
        string(location)
        int(count)
        if isLegacy { opcode(0x4E) }
        opcode(0x74, 0x51)
        int(offset)
        tuple(shape)
        tuple(strides ?? shape.indices.map { shape[($0 + 1)...].reduce(1, *) })
        opcode(0x89)
        global("collections", "OrderedDict")
        opcode(0x29, 0x52, 0x74, 0x52)
    }

    public func finished() -> [UInt8] { bytes + [0x2E] }
}
