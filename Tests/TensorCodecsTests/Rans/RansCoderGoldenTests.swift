import Testing

@testable import TensorCodecs

/// Streams that every release must read and, as long as the encoder makes the same choices, write.
@Suite struct RansCoderGoldenTests {
    private static let pattern: [Int32] = [0, 1, 0, 0, -1, 0, 0, 0]

    /// Two classes of one group, and one escape.
    @Test func aCodedStreamKeepsItsBytes() throws {
        var levels: [Int32] = []
        for i in 0..<12 { levels += Self.pattern + (i == 5 ? [40] : []) }
        let classes = levels.indices.map { UInt8($0 < 40 ? 2 : 9) }
        let bytes: [UInt8] = [
            2,  // coded
            4,  // bytes of tables
            // From the lowest bit: not shifted, 1 bit a limit, 3 bits a root of 0; 2 and 9 share a group;
            // limit 1, root of 0: 7, rice 0, first 1, decay 0; escape's root 1; +1 as predicted; -1 likewise.
            50, 30, 65, 0,
            1, 0, 76,  // one byte of escapes, raw: 76 / 2 + 1 + limit = 40
            232, 221, 28, 2, 33, 246, 7, 0,  // states
            19, 243, 77, 33, 251, 134, 157, 127, 16, 131, 56, 69,  // words
        ]
        try check(levels, classes, bytes)
    }

    /// Wide levels: three low bits each, and an escape.
    @Test func aStreamWithLowBitsKeepsItsBytes() throws {
        var levels: [Int32] = (0..<40).map { ($0 * 7919 + 13) % 61 - 30 }
        levels[3] += 5000
        try check(
            levels, [UInt8](repeating: 0, count: 40),
            [
                2, 5, 35, 229, 17, 228, 0, 143, 216, 9, 170, 226, 209, 108, 88, 46, 11, 118, 117, 121, 120, 52, 184,
                137, 203, 252, 68, 93, 158, 236, 6, 110, 2, 0, 180, 2, 149, 243, 26, 0, 24, 252, 236, 0, 204, 184,
                190, 6,
            ])
    }

    @Test func smallStreamsKeepTheirBytes() throws {
        try check([], [], [])
        try check([0, 0, 0], [1, 2, 3], [0])
        // Three bits each: 0, 2, 1, 4.
        try check([0, 1, -1, 2], [0, 0, 0, 0], [1, 3, 0b01_010_000, 0b1000])
    }

    private func check(_ levels: [Int32], _ classes: [UInt8], _ bytes: [UInt8]) throws {
        #expect(try RansCoder.decode(bytes, classes: classes) == levels)
        #expect(try RansCoder.encode(levels, classes: classes, segments: [levels.count]).bytes == bytes)
    }
}
