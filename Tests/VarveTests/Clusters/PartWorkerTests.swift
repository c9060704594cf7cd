import ChainArchive
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Workers in one process: what they leave, what they refuse. `Tests/Clusters` has them in processes of their own.
@Suite struct PartWorkerTests {
    let directory = try! TemporaryDirectory()
    var run: String { Paths.join(directory.path, "run") }
    var archive: String { Paths.join(directory.path, "a.varve") }

    init() throws { try Trees.copy(Fixture.oddRun, Paths.join(directory.path, "run")) }

    private func work(
        _ index: Int, of count: Int, _ options: CompressionOptions = CompressionOptions(), commits: Bool = true
    ) async throws -> PartResult {
        var part = PartOptions(index: index, count: count)
        part.commits = commits
        return try await Archive.compressPart(run: run, to: archive, part: part, options: options)
    }

    private func workAll(_ count: Int, _ options: CompressionOptions = CompressionOptions()) async throws {
        for _ in 0..<12 { for index in 0..<count { _ = try await work(index, of: count, options) } }
    }

    private func restored(_ archive: String) async throws -> [String: [UInt8]] {
        let output = Paths.join(directory.path, "restored")
        try Directories.remove(output)
        try await Archive(at: archive).restore(.all, to: output)
        return try Trees.content(output)
    }

    @Test(arguments: [1, 2, 5])
    func theSameBytesAsOneProcess(count: Int) async throws {
        for method in [CompressionOptions.Method.transform(TransformOptions()), .excp(ExcpOptions()), .lossless] {
            let options = CompressionOptions(method: method, keyframeInterval: 2)
            let one = Paths.join(directory.path, "one.varve")
            try Directories.remove(one)
            try Directories.remove(archive)
            try await Archive.compress(run: run, to: one, options: options)
            try await workAll(count, options)
            #expect(try await restored(archive) == restored(one))
            // Manifests differ in parts and references only.
            let (ours, theirs) = (try ArchiveReader(archive), try ArchiveReader(one))
            #expect(ours.steps == theirs.steps)
            for step in ours.steps {
                let (our, their) = (try ours.manifest(step), try theirs.manifest(step))
                #expect(our.weightsDigest == their.weightsDigest && our.notes == their.notes)
                #expect(our.tensors.map(\.identity) == their.tensors.map(\.identity))
                #expect(our.tensors.map(\.contentHash) == their.tensors.map(\.contentHash))
                #expect(our.pairs == their.pairs && our.predecessor == their.predecessor)
                #expect(our.records.map(\.record) == their.records.map(\.record))
                #expect(our.records.map(\.location.checksum) == their.records.map(\.location.checksum))
            }
            let verified = try await Archive(at: archive).verify(options: VerificationOptions(deep: true))
            #expect(verified.isIntact && verified.strangers.isEmpty && verified.pending.isEmpty)
        }
    }

    @Test func whatIsMissingIsNamed() async throws {
        _ = try await work(0, of: 4)
        _ = try await work(3, of: 4)
        let missing = try Archive(at: archive).missingParts().missing
        #expect(missing.first?.parts == [1, 2] && missing.first?.count == 4)
        #expect(missing.first?.array == "1-2")
        let verified = try await Archive(at: archive).verify()
        #expect(verified.isIntact && verified.pending.first?.missing == [1, 2] && verified.uncommitted.isEmpty)
    }

    @Test func aDamagedPartIsNoCorruptionAndIsMadeAgain() async throws {
        _ = try await work(0, of: 2)
        let step = try #require(try Archive(at: archive).missingParts().missing.first?.step)
        let place = try ArchiveReader(archive).layout.stepDirectory(StepVersion(number: step))
        let name = try #require(try SystemCalls.list(place).first { $0.hasSuffix(".part") })
        let bytes = try Trees.bytes(Paths.join(place, name))
        var damaged = bytes
        damaged[bytes.count / 2] ^= 1
        try Trees.write(damaged, to: Paths.join(place, name))
        let verified = try await Archive(at: archive).verify()
        #expect(verified.isIntact && verified.pending.first?.damaged == [0])
        _ = try await work(0, of: 2)
        #expect(try Trees.bytes(Paths.join(place, name)) == bytes)
    }

    @Test func anotherJobIsRefusedWithBothSidesNamed() async throws {
        _ = try await work(0, of: 2)
        let error = await #expect(throws: VarveError.self) {
            _ = try await work(1, of: 2, CompressionOptions(method: .lossless))
        }
        #expect(error?.code == .usage && error?.message.contains("lossless") == true)
        #expect(error?.message.contains("balanced") == true && error?.message.contains("part 0 of 2") == true)
    }

    @Test func anOrdinaryWriterAndPruningTakeNoPartsAway() async throws {
        _ = try await work(0, of: 2)
        let before = try Trees.content(Paths.join(archive, "steps"))
        await #expect(throws: VarveError.self) { try await Archive.compress(run: run, to: archive) }
        _ = try Archive(at: archive).prune()
        #expect(try Trees.content(Paths.join(archive, "steps")) == before)
        #expect(try !Archive(at: archive).discardParts().discarded.isEmpty)
        try await Archive.compress(run: run, to: archive)
        #expect(try await Archive(at: archive).verify().isIntact)
    }

    /// Whatever byte of a receipt is changed: it is refused, and the part is made again.
    @Test func aDamagedReceiptIsNoReceipt() async throws {
        _ = try await work(0, of: 2)
        let step = try #require(try Archive(at: archive).missingParts().missing.first?.step)
        let path = Paths.join(
            try ArchiveReader(archive).layout.stepDirectory(StepVersion(number: step)), "0000-of-0002.receipt")
        let bytes = try Trees.bytes(path)
        for position in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 60)) {
            var damaged = bytes
            damaged[position] ^= 0x40
            try Trees.write(damaged, to: path)
            #expect(try Archive(at: archive).missingParts().missing.first?.parts == [0, 1])
        }
        _ = try await work(0, of: 2)
        #expect(try Trees.bytes(path) == bytes)
    }

    @Test func optionsThatPartsCannotHaveAreRefused() async throws {
        var options = CompressionOptions()
        options.replaces = true
        await #expect(throws: VarveError.self) { _ = try await work(0, of: 2, options) }
        await #expect(throws: VarveError.self) { _ = try await work(2, of: 2) }
    }
}
