/// The record `.data/serialization_id` of a torch file: 40 digits, a hash of the record names and one of their CRCs.
enum SerializationID {
    static let recordName = ".data/serialization_id"
    static let byteCount: UInt64 = 40

    /// Digits 20...39 as torch computes them from the CRC-32 of every record that is neither empty nor the id itself.
    /// - Parameter crcs: in file order. `embedded` is what stands at bytes 4..<8 of a record that itself begins like a
    ///   data descriptor; torch takes that in first.
    static func digits(of crcs: [(crc: UInt32, embedded: UInt32?)]) -> [UInt8] {
        var combined: UInt64 = 0
        func combine(_ value: UInt32) {
            combined ^= UInt64(value) &+ 0x9E37_79B9 &+ (combined << 6) &+ (combined >> 2)
        }
        for (crc, embedded) in crcs {
            if let embedded { combine(embedded) }
            combine(crc)
        }
        let text = String(combined)
        return Array((String(repeating: "0", count: 20 - text.utf8.count) + text).utf8)
    }
}
