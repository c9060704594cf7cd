import FileSystem
import Testing
import VarveTestSupport

@testable import Checkpoints

/// A part whose ends were read before reads as the part itself.
@Suite struct EdgeSourceTests {
    @Test(arguments: [0, 1, 4095, 4096, 4097, 8192, 8193, 30_000]) func everyRangeIsThePartsOwn(count: Int) throws {
        var random = SplitMix64(seed: UInt64(count))
        let bytes = random.bytes(count + 20)
        let part = try SliceSource(MemorySource(bytes), 7..<UInt64(7 + count)), edges = try EdgeSource(part)
        #expect(edges.byteCount == part.byteCount)
        for _ in 0..<300 {
            let start = Int.random(in: 0...count, using: &random), end = Int.random(in: start...count, using: &random)
            #expect(
                try edges.bytes(at: UInt64(start), count: end - start)
                    == part.bytes(at: UInt64(start), count: end - start))
        }
        #expect(throws: VarveError.self) { try edges.bytes(at: UInt64(count), count: 1) }
    }
}
