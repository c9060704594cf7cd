/// Damages files in every small way.
public enum HostileFiles {
    /// Calls `body` with every proper prefix.
    public static func forEachTruncation(of file: [UInt8], _ body: (_ count: Int, [UInt8]) throws -> Void) rethrows {
        for count in 0..<file.count { try body(count, Array(file[..<count])) }
    }

    /// Calls `body` with each bit of each byte flipped, and with each byte set to 0x00 and 0xFF.
    public static func forEachMutation(
        of file: [UInt8], in range: Range<Int>? = nil, _ body: (_ index: Int, [UInt8]) throws -> Void
    ) rethrows {
        var copy = file
        for index in range ?? file.indices {
            let original = copy[index]
            for value in (0..<8).map({ original ^ (1 << $0) }) + [0, 0xFF] where value != original {
                copy[index] = value
                try body(index, copy)
            }
            copy[index] = original
        }
    }

    /// Pickles that try to exhaust memory, stack or time; each has to end in an error or in a small tree.
    public static let pickles: [(name: String, bytes: [UInt8])] = [
        (
            "nested lists",
            [0x80, 2] + [UInt8](repeating: 0x5D, count: 200_000) + [UInt8](repeating: 0x61, count: 199_999) + [0x2E]
        ),
        ("nested tuples", [0x80, 2, 0x4E] + [UInt8](repeating: 0x85, count: 200_000) + [0x2E]),
        ("nested states", [0x80, 2] + Array("cm\nC\n)R".utf8) + repeated([0x7D, 0x62], 100_000) + [0x2E]),
        (
            "doubling memo",
            [0x80, 2, 0x4E, 0x71, 0] + repeated([0x68, 0, 0x68, 0, 0x86, 0x71, 0, 0x30], 10_000) + [0x68, 0, 0x2E]
        ),
        ("doubling lists", doublingLists),
        ("a list in itself", [0x80, 2, 0x5D, 0x71, 0, 0x68, 0, 0x61, 0x2E]),
        ("marks only", [0x80, 2] + [UInt8](repeating: 0x28, count: 100_000) + [0x2E]),
        ("a string of 2^63 bytes", [0x80, 4, 0x8D, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0x2E]),
        ("bytes of 2^64 - 1", [0x80, 4, 0x8E] + [UInt8](repeating: 0xFF, count: 8) + [0x2E]),
        ("an integer of 2 GB", [0x80, 2, 0x8B, 0xFF, 0xFF, 0xFF, 0x7F, 0x2E]),
        ("an integer of negative length", [0x80, 2, 0x8B, 0xFF, 0xFF, 0xFF, 0xFF, 0x2E]),
        ("a frame beyond the end", [0x80, 4, 0x95] + [UInt8](repeating: 0xFF, count: 8) + [0x4E, 0x2E]),
        ("a huge memo index", [0x80, 2, 0x4E, 0x72, 0xFF, 0xFF, 0xFF, 0xFF, 0x2E]),
        ("duplicates", [0x80, 2, 0x5D] + [UInt8](repeating: 0x32, count: 100_000) + [0x2E]),
    ]

    private static func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] { (0..<count).flatMap { _ in bytes } }

    /// Each list holds the one before twice: 2^1000 paths.
    private static var doublingLists: [UInt8] {
        var bytes: [UInt8] = [0x80, 2, 0x5D, 0x72, 0, 0, 0, 0]
        for index in 0..<UInt32(1000) {
            let get = [0x6A] + LittleEndianBytes.of(index)
            bytes += [0x5D, 0x28] + get + get + [0x65, 0x72] + LittleEndianBytes.of(index + 1)
        }
        return bytes + [0x2E]
    }
}
