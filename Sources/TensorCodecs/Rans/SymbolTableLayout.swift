/// What all symbol tables of a stream have in common: how wide their fields are.
struct SymbolTableLayout {
    let isShifted: Bool
    /// 0 to 7.
    let limitBits: Int
    /// 0 to 10.
    let rootBits: Int

    init(_ tables: [SymbolTable]) {
        isShifted = tables.contains { $0.shift > 0 }
        limitBits = Self.width(tables.map(\.limit).max() ?? 0)
        rootBits = Self.width(tables.map { $0.roots[0] }.max() ?? 0)
    }

    /// - Throws: `.corrupt`.
    init(from reader: inout BitReader) throws(CodecError) {
        isShifted = try reader.read(1) == 1
        limitBits = Int(try reader.read(3))
        rootBits = Int(try reader.read(4))
        guard rootBits <= 10 else { throw .corrupt("roots of \(rootBits) bits in packed levels") }
    }

    func write(to writer: inout BitWriter) {
        writer.append(isShifted ? 1 : 0, bits: 1)
        writer.append(UInt32(limitBits), bits: 3)
        writer.append(UInt32(rootBits), bits: 4)
    }

    private static func width(_ value: Int) -> Int { Int.bitWidth - value.leadingZeroBitCount }
}
