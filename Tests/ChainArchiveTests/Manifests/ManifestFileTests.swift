import ChainArchive
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// The frame around manifests keeps its promises.
@Suite struct ManifestFileTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func write(_ bytes: [UInt8]) throws -> String {
        let path = Paths.join(directory.path, "file")
        let file = try OutputFile(path)
        try file.write(bytes, at: 0)
        try file.commit(sync: false)
        return path
    }

    @Test func whatIsSealedOpens() throws {
        for body in [[], [1], [UInt8](repeating: 7, count: 100_000)] as [[UInt8]] {
            let path = try write(ManifestFile.seal(body, kind: .step))
            #expect(try ManifestFile.open(path, kind: .step).body == body)
        }
    }

    @Test func everyMutatedByteIsRefused() throws {
        let sealed = try ManifestFile.seal(Array("forty-two bytes of a manifest, more or less".utf8), kind: .step)
        for position in sealed.indices {
            for value in [0x00, 0xFF] + (0..<8).map({ sealed[position] ^ (1 << UInt8($0)) })
            where value != sealed[position] {
                var damaged = sealed
                damaged[position] = value
                let path = try write(damaged)
                let error = #expect(throws: VarveError.self) { try ManifestFile.open(path, kind: .step) }
                #expect(error?.code == .damaged)
                #expect(error?.location.file == path)
            }
        }
    }

    @Test func everyTruncationIsRefused() throws {
        let sealed = try ManifestFile.seal(Array("a manifest".utf8), kind: .run)
        for length in 0..<sealed.count {
            let path = try write(Array(sealed[..<length]))
            let error = #expect(throws: VarveError.self) { try ManifestFile.open(path, kind: .run) }
            #expect(error?.code == .damaged)
        }
        let path = try write(sealed + [0])
        #expect(throws: VarveError.self) { try ManifestFile.open(path, kind: .run) }
    }

    @Test func anotherKindIsRefused() throws {
        let path = try write(ManifestFile.seal([1, 2, 3], kind: .archive))
        #expect(throws: VarveError.self) { try ManifestFile.open(path, kind: .step) }
    }

    /// A manifest whose checksum is right and whose declared sizes are a lie.
    @Test func aBombIsRefusedBeforeItIsAllocated() throws {
        var sealed = try ManifestFile.seal([UInt8](repeating: 0, count: 1000), kind: .step).dropLast(16)
        for position in 16..<24 { sealed[position] = position == 23 ? 0x7F : 0xFF }
        let hash = Hash128(Array(sealed))
        var bytes = Array(sealed)
        for half in [hash.low, hash.high] {
            for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: half >> (8 * UInt64(shift)))) }
        }
        let path = try write(bytes)
        let error = #expect(throws: VarveError.self) { try ManifestFile.open(path, kind: .step) }
        #expect(error?.code == .damaged)
    }

    @Test func fewBytesThatAskForAllMemoryAreRefused() throws {
        #expect(throws: VarveError.self) { try ManifestFile.seal([UInt8](repeating: 0, count: 1 << 26), kind: .step) }
        let path = try write(ManifestFile.seal([UInt8](repeating: 0, count: 1 << 24), kind: .step))
        #expect(try ManifestFile.open(path, kind: .step).body.count == 1 << 24)
    }

    /// Whatever a byte is changed to, a version included: damaged, not "newer".
    @Test func anotherVersionIsUnsupportedOnlyWhereTheChecksumIsRight() throws {
        var bytes = Array(try ManifestFile.seal([1, 2, 3], kind: .step).dropLast(16))
        bytes[4] = UInt8(ManifestFile.majorVersion) + 1
        let hash = Hash128(bytes)
        for half in [hash.low, hash.high] { bytes += LittleEndianBytes.of(half) }
        let path = try write(bytes)
        let error = #expect(throws: VarveError.self) { try ManifestFile.open(path, kind: .step) }
        #expect(error?.code == .unsupported)
    }
}
