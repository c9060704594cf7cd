import ChainArchive
import Testing

@Suite struct Hash128StreamTests {
    @Test func theHashOfPiecesIsThatOfTheWhole() {
        for count in [0, 1, 240, 241, 1024, 100_003] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            for piece in [1, 64, 4096, 1 << 20] where count / piece < 2000 {
                let stream = Hash128Stream()
                bytes.withUnsafeBytes { bytes in
                    for start in stride(from: 0, to: count, by: piece) {
                        stream.add(.init(rebasing: bytes[start..<min(start + piece, count)]))
                    }
                }
                #expect(stream.hash == Hash128(bytes))
            }
        }
    }
}
