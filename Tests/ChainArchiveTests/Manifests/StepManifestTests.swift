import ChainArchive
import TensorCodecs
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// Step manifests come back as they were, and hostile ones are refused.
@Suite struct StepManifestTests {
    private func sample() throws -> StepManifest {
        let location = RecordLocation(part: 0, offset: 16, byteCount: 100, checksum: 77)
        func tensor(_ name: String, _ role: Role, _ offset: UInt64, _ coding: TensorRecord.Coding) -> TensorRecord {
            TensorRecord(
                name: name, role: role, key: role == .other ? "max" : "", dtype: .f32, shape: [5, 5],
                pieces: TensorPieces(file: 0, offset: offset, byteCount: 100), coding: coding,
                contentHash: Hash128(high: 1, low: 2),
                statistics: TensorStatistics(squaredError: 0.5, largestError: 0.25, referenceEnergy: 2, prunedCount: 3))
        }
        return StepManifest(
            number: 400, isEpoch: false, path: "checkpoint-400", isDirectory: true, method: "excp",
            predecessor: .step(200, digest: Hash128(high: 9, low: 8)),
            parts: [.init(name: "0000.part", byteCount: 1000)],
            entries: [
                Entry(
                    path: "checkpoint-400/m", kind: .file, mode: 0o644, modified: -5, byteCount: 410,
                    payload: [PayloadBlock(location: location, plainCount: 10, plainChecksum: 4, usesPrefix: true)],
                    prefixEntry: 0),
                Entry(path: "checkpoint-400/l", kind: .symbolicLink(target: "../x"), mode: 0o777, modified: 7),
                Entry(path: "checkpoint-400/d", kind: .directory, mode: 0o755, modified: 7),
                Entry(path: "checkpoint-400/h", kind: .hardLink(of: "checkpoint-400/m"), mode: 0o644, modified: 7),
            ],
            quantizedGroups: [QuantizedGroup(settings: .excp(.published), weights: location, moments: location)],
            tensors: [
                tensor("a", .weight, 0, .excp(quantizedGroup: 0, index: 0)),
                tensor("a", .firstMoment, 100, .excp(quantizedGroup: 0, index: 0)),
                tensor("a", .other, 200, .sameAs(step: 100)), tensor("b", .weight, 300, .unchanged),
            ],
            pairs: ["state.0": "a"], notes: ["a note"])
    }

    @Test func everyFieldComesBack() throws {
        let manifest = try sample()
        let body = manifest.encoded()
        let back = try StepManifest(decoding: body, file: "f")
        #expect(back.encoded() == body)
        #expect(back.tensors.map(\.coding) == manifest.tensors.map(\.coding))
        #expect(back.entries.map(\.kind) == manifest.entries.map(\.kind))
        #expect(back.entries[0].modified == -5)
        #expect(back.predecessor == manifest.predecessor)
        let member = try #require(back.quantizedGroupMembers().first?.first)
        #expect(member.weight == 0 && member.firstMoment == 1 && member.secondMoment == nil)
    }

    /// Not protected by a checksum here: whatever the bytes are, an error or a manifest that keeps the rules.
    @Test func everyMutationIsRefusedOrKeepsTheRules() throws {
        let body = try sample().encoded()
        for position in body.indices {
            for value in [0x00, 0xFF, 0x7F] + (0..<8).map({ body[position] ^ (1 << UInt8($0)) }) {
                var damaged = body
                damaged[position] = value
                guard let manifest = try? StepManifest(decoding: damaged, file: "f") else { continue }
                for entry in manifest.entries { #expect(Paths.isSafeRelative(entry.path)) }
                for tensor in manifest.tensors {
                    for piece in tensor.pieces.all {
                        let end = tensor.pieces.range(piece).upperBound
                        #expect(end <= manifest.entries[piece.file].byteCount)
                    }
                }
                _ = try? manifest.quantizedGroupMembers()
            }
        }
    }

    @Test func everyTruncationIsRefused() throws {
        let body = try sample().encoded()
        for length in body.indices {
            #expect(throws: VarveError.self) { try StepManifest(decoding: Array(body[..<length]), file: "f") }
        }
    }

    @Test func pathsThatLeaveTheDirectoryAreRefused() throws {
        for path in [
            "../x", "/etc/passwd", "a/../../b", "a//b", "./a", "a/.", "nul\0", "../\u{301}x", "a/../\u{200D}x",
            "\u{301}/..",
            "a/.varve-tmp-b",
        ] {
            var manifest = try sample()
            manifest.entries[1].path = path
            #expect(throws: VarveError.self) { try StepManifest(decoding: manifest.encoded(), file: "f") }
        }
    }

    @Test func overlappingTensorsAndDoubledNamesAreRefused() throws {
        var overlapping = try sample()
        overlapping.tensors[1].pieces = TensorPieces(file: 0, offset: 50, byteCount: 100)
        #expect(throws: VarveError.self) { try StepManifest(decoding: overlapping.encoded(), file: "f") }
        var doubled = try sample()
        doubled.tensors[3].name = "a"
        #expect(throws: VarveError.self) { try StepManifest(decoding: doubled.encoded(), file: "f") }
        var outside = try sample()
        outside.tensors[3].pieces = TensorPieces(file: 0, offset: 311, byteCount: 100)
        #expect(throws: VarveError.self) { try StepManifest(decoding: outside.encoded(), file: "f") }
        var endless = try sample()
        endless.predecessor = .step(400, digest: Hash128(high: 0, low: 0))
        #expect(throws: VarveError.self) { try StepManifest(decoding: endless.encoded(), file: "f") }
    }

    @Test func onlyEarlierStepsAreReferredTo() throws {
        for step in [400, 401, Int.max] {
            var later = try sample()
            later.predecessor = .step(step, digest: Hash128(high: 0, low: 0))
            #expect(throws: VarveError.self) { try StepManifest(decoding: later.encoded(), file: "f") }
            var same = try sample()
            same.tensors[2].coding = .sameAs(step: step)
            #expect(throws: VarveError.self) { try StepManifest(decoding: same.encoded(), file: "f") }
        }
    }

    /// As `Docs/format.md` says, and as any other program would sort them.
    @Test func theDigestTakesNamesInTheOrderOfTheirBytes() throws {
        var manifest = try sample()
        manifest.tensors = ["e\u{301}", "f", "Z"].map { name in
            var tensor = manifest.tensors[3]
            tensor.name = name
            tensor.contentHash = Hash128(high: 0, low: UInt64(name.utf8.count))
            return tensor
        }
        var bytes: [UInt8] = []
        for name in ["Z", "e\u{301}", "f"] {
            bytes +=
                [UInt8(name.utf8.count)] + Array(name.utf8) + LittleEndianBytes.of(UInt64(name.utf8.count))
                + LittleEndianBytes.of(UInt64(0))
        }
        #expect(manifest.weightsDigest == Hash128(bytes))
    }
}
