import ChainArchive
import FileSystem
import Testing
import VarveTestSupport

/// A file of kept values gives back what was put into the store, or nothing.
@Suite struct StateFileTests {
    let directory = try! TemporaryDirectory()

    private static let mark = StateMark(
        program: "varve", step: 30, archive: Hash128([1]), manifest: Hash128([2]), weights: Hash128([3]))

    private static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    private var path: String { directory.file("a.state") }

    private func put(_ values: [(key: ScratchStore.Key, bytes: [UInt8])]) throws -> ScratchStore {
        let store = try ScratchStore(directory: directory.path, contents: .everything, isForSaving: true)
        for value in values { try store.put(value.key, value.bytes) }
        return store
    }

    private func everything(_ store: ScratchStore, _ keys: [ScratchStore.Key]) throws -> [[UInt8]?] {
        try keys.map { (key) throws in try store.get(key) }
    }

    @Test func valuesAndTheirPartsComeBack() throws {
        let sizes = [0, 1, 65_536, 65_537, 200_000, 5_000_001]
        let values = sizes.enumerated().map {
            (key: ScratchStore.Key.payload(entry: 3, block: $0), bytes: Self.bytes($1, seed: UInt64($0)))
        }
        let written = try put(values)
        let original = Self.bytes(300_000, seed: 9)
        try directory.write(original, to: "original")
        written.put(
            .tensor(.weight("w")), original: try InputFile(directory.file("original")), 70..<299_000,
            hash: Hash128(Array(original[70..<299_000])))
        written.put(.state("twin"), sameAs: .payload(entry: 3, block: 4))
        let size = try written.save(Self.mark, to: path)
        // What two keys stand for is there once.
        #expect(size < UInt64(sizes.reduce(298_930, +) + 4000))
        let file = try StateFile(path)
        #expect(file.mark == Self.mark && file.contents == .everything && file.byteCount == size)
        let store = ScratchStore(file)
        var random = SplitMix64(seed: 5)
        for value in values {
            #expect(try store.get(value.key) == value.bytes && store.byteCount(value.key) == value.bytes.count)
            for _ in 0..<20 {
                let start = Int(random.next() % UInt64(value.bytes.count + 1))
                let end = start + Int(random.next() % UInt64(min(200_000, value.bytes.count - start) + 1))
                store.prefetch(value.key, start..<end)
                #expect(try store.get(value.key, start..<end) == Array(value.bytes[start..<end]))
            }
            #expect(try store.get(value.key, 0..<value.bytes.count + 1) == nil)
        }
        #expect(try store.get(.state("twin")) == values[4].bytes)
        #expect(try store.get(.tensor(.weight("w"))) == Array(original[70..<299_000]))
        #expect(try store.get(.state("other")) == nil)
        #expect(Set(try SystemCalls.list(directory.path)) == ["a.state", "original"])
    }

    @Test func theOrderInWhichValuesCameChangesNothing() throws {
        let values = (0..<20).map {
            (key: ScratchStore.Key.state("\($0)"), bytes: Self.bytes(100 * $0, seed: UInt64($0)))
        }
        try put(values).save(Self.mark, to: path)
        try put(values.reversed()).save(Self.mark, to: directory.file("b.state"))
        func content(_ path: String) throws -> [UInt8] {
            let file = try InputFile(path)
            return try file.bytes(at: 0, count: Int(file.byteCount))
        }
        #expect(try content(path) == content(directory.file("b.state")))
    }

    /// Whatever byte is another one, and wherever the file ends, some read says so.
    @Test func everyDamageIsFound() throws {
        let values = (0..<4).map {
            (key: ScratchStore.Key.state("\($0)"), bytes: Self.bytes(40 * $0, seed: UInt64($0)))
        }
        try put(values).save(Self.mark, to: path)
        let file = try InputFile(path)
        let sound = try file.bytes(at: 0, count: Int(file.byteCount))
        func isFound(_ bytes: [UInt8]) throws -> Bool {
            try directory.write(bytes, to: "damaged.state")
            do throws(VarveError) {
                let store = ScratchStore(try StateFile(directory.file("damaged.state")))
                for value in values { _ = try store.get(value.key) }
                return false
            } catch {
                return error.code == .originalChanged
            }
        }
        #expect(try !isFound(sound))
        for position in sound.indices {
            for change in [UInt8(1), 0x80, 0xFF] {
                var bytes = sound
                bytes[position] ^= change
                #expect(try isFound(bytes), "byte \(position)")
            }
            #expect(try isFound(Array(sound[..<position])), "\(position) bytes")
        }
        #expect(try isFound(sound + [0]))
    }

    @Test func anOriginalThatChangedIsNotKept() throws {
        let original = Self.bytes(70_000, seed: 9)
        try directory.write(original, to: "original")
        let store = try put([])
        store.put(
            .state("w"), original: try InputFile(directory.file("original")), 0..<70_000, hash: Hash128([1, 2, 3]))
        #expect(throws: VarveError.self) { try store.save(Self.mark, to: path) }
        #expect(try SystemCalls.list(directory.path) == ["original"])
    }
}
