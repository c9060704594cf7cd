import ChainArchive
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// What a step leaves for the next comes back as it was, whole and in parts, wherever it is kept.
@Suite struct ScratchStoreTests {
    private static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    /// Small ones go through the page cache, large ones past it.
    private static let values = [0, 1, 5000, 300_000, 2_500_001].enumerated().map {
        (key: ScratchStore.Key.state("\($0)"), bytes: bytes($1, seed: UInt64($0)))
    }

    @Test(arguments: [true, false]) func partsAreThoseOfTheWhole(isInMemory: Bool) throws {
        let directory = try TemporaryDirectory()
        let store =
            isInMemory ? ScratchStore(inMemory: .everything) : try ScratchStore(directory: directory.path)
        var random = SplitMix64(seed: 7)
        for round in 0..<2 {
            for value in Self.values { try store.put(value.key, value.bytes) }
            for value in Self.values {
                #expect(try store.get(value.key) == value.bytes, "round \(round)")
                for _ in 0..<30 {
                    let start = Int(random.next() % UInt64(value.bytes.count + 1))
                    let end = start + Int(random.next() % UInt64(min(70_000, value.bytes.count - start) + 1))
                    if random.next() % 2 == 0 { store.prefetch(value.key, start..<end) }
                    #expect(try store.get(value.key, start..<end) == Array(value.bytes[start..<end]))
                }
                #expect(try store.get(value.key, 0..<value.bytes.count + 1) == nil)
                store.prefetch(value.key, 0..<value.bytes.count + 1)
            }
            #expect(try store.get(.state("other"), 0..<1) == nil)
            store.clear()
            #expect(Self.values.allSatisfy { !store.contains($0.key) })
        }
        #expect(try SystemCalls.list(directory.path) == [])
    }

    /// What stands in a file is not copied, so it has to be what it was.
    @Test func whatStandsElsewhereIsReadThereAndRefusedWhenItChanged() throws {
        let directory = try TemporaryDirectory()
        let bytes = Self.bytes(400_000, seed: 9)
        try directory.write(bytes, to: "original")
        let store = try ScratchStore(directory: directory.path, contents: .everything)
        let range = 77..<bytes.count - 5
        store.put(
            .state("w"), original: try InputFile(directory.file("original")),
            UInt64(range.lowerBound)..<UInt64(range.upperBound), hash: Hash128(Array(bytes[range])))
        store.prefetch(.state("w"), 10..<600)
        #expect(try store.get(.state("w"), 10..<600) == Array(bytes[87..<677]))
        #expect(try store.get(.state("w")) == Array(bytes[range]))
        var other = bytes
        other[200_000] ^= 1
        try directory.write(other, to: "other")
        store.put(
            .state("w"), original: try InputFile(directory.file("other")),
            UInt64(range.lowerBound)..<UInt64(range.upperBound), hash: Hash128(Array(bytes[range])))
        #expect(throws: VarveError.self) { try store.get(.state("w")) }
    }
}
