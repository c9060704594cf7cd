import Testing
import VarveTestSupport

@testable import FileSystem

/// A part whose ends are held reads, and is written, as the part itself.
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

    /// Parts shorter than an edge, than two, and longer: reads see what was written before them, and the file has it after
    /// the flush, there alone.
    @Test(arguments: [1, 100, 4096, 4097, 8192, 8193, 20_000]) func aPartReadsAndWritesAsItsBytes(count: Int) throws {
        let directory = try TemporaryDirectory()
        var random = SplitMix64(seed: UInt64(count))
        var wanted = (0..<count + 300).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let file = try OutputFile(directory.file("x"))
        try file.write(wanted, at: 0)
        let start = 100, part = UInt64(start)..<UInt64(start + count)
        var edges = try EdgeSource(SliceSource(file, part))
        for _ in 0..<400 {
            // Often across a border between an edge and what lies between the edges.
            let border = [4096, max(0, count - 4096), Int(random.next() % UInt64(count))][Int(random.next() % 3)]
            let offset = min(count - 1, max(0, border - Int(random.next() % 64)))
            let length = min(count - offset, Int(random.next() % 64))
            if random.next() % 2 == 0 {
                let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                try edges.write(bytes, at: UInt64(offset), of: file)
                wanted.replaceSubrange(start + offset..<start + offset + length, with: bytes)
            } else {
                let found = try edges.bytes(at: UInt64(offset), count: length)
                #expect(found == Array(wanted[start + offset..<start + offset + length]))
            }
        }
        try edges.flush(to: file)
        try file.commit(sync: false)
        let input = try InputFile(directory.file("x"))
        #expect(try input.bytes(at: 0, count: Int(input.byteCount)) == wanted)
        #expect(throws: VarveError.self) { try edges.bytes(at: UInt64(count), count: 1) }
    }
}
