/// Integers as bytes, for makers of test files.
public enum LittleEndianBytes {
    public static func of<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
        (0..<MemoryLayout<Integer>.size).map { UInt8(truncatingIfNeeded: value >> Integer(8 * $0)) }
    }
}
