import ChainArchive
import TensorCodecs
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// Manifests of steps whose quantized groups name a rule for bases are of version 5, with sketches of version 6, and no
/// others.
@Suite struct RuleManifestTests {
    private func sample(_ features: TransformHeader.Features, pruned: ForgottenSteps.Extent? = nil) -> StepManifest {
        let location = RecordLocation(part: 0, offset: 16, byteCount: 100, checksum: 77)
        let weight = TensorRecord(
            name: "a", role: .weight, key: "", dtype: .f32, shape: [5, 5],
            pieces: TensorPieces(file: 0, offset: 0, byteCount: 100),
            coding: .transform(quantizedGroup: 0, index: 0, opens: true), contentHash: Hash128(high: 1, low: 2),
            statistics: TensorStatistics(
                squaredError: 0.5, largestError: 0.25, referenceEnergy: 2, prunedCount: 3,
                changeSinceStart: 7))
        var manifest = StepManifest(
            number: 400, isEpoch: false, path: "checkpoint-400", isDirectory: true, method: "transform",
            predecessor: .none, parts: [.init(name: "0000.part", byteCount: 1000)],
            entries: [Entry(path: "checkpoint-400/m", kind: .file, mode: 0o644, modified: 0, byteCount: 100)],
            quantizedGroups: [QuantizedGroup(settings: .transform(features), weights: location, moments: nil)],
            tensors: [weight], pairs: [:], notes: [])
        manifest.pruned = pruned
        return manifest
    }

    private func version(_ manifest: StepManifest) throws -> UInt8 { try manifest.sealed()[4] }

    static let versions: [(features: TransformHeader.Features, version: UInt8)] = [(.rules, 5), (.all, 6)]

    @Test(arguments: versions.indices) func versionsFollowWhatHeadersMayHold(index: Int) throws {
        let (features, version) = Self.versions[index]
        for pruned in [nil, .moments, .whole] as [ForgottenSteps.Extent?] {
            let manifest = sample(features, pruned: pruned)
            #expect(try self.version(manifest) == version)
            let body = manifest.encoded()
            let back = try StepManifest(decoding: body, version: UInt16(version), file: "f")
            #expect(back.encoded() == body && back.pruned == pruned)
            #expect(back.quantizedGroups[0].settings == .transform(features))
            #expect(back.tensors[0].statistics.changeSinceStart == (version < 6 ? 0 : 7))
        }
    }

    @Test func nothingOfTheKindIsOfAnOlderVersion() throws {
        #expect(try version(sample(.none)) == 3)
        #expect(try version(sample(.none, pruned: .moments)) == 4)
    }

    @Test(arguments: versions.indices) func olderVersionsHaveNoneOfIt(index: Int) throws {
        let body = sample(Self.versions[index].features).encoded()
        for version in 2..<UInt16(Self.versions[index].version) {
            #expect(throws: VarveError.self) { try StepManifest(decoding: body, version: version, file: "f") }
        }
    }

    @Test func whatWasPrunedIsSaidInOneByte() throws {
        let body = sample(.rules).encoded()
        #expect(body.last == 0)
        for byte in 3...255 as ClosedRange<UInt8> {
            #expect(throws: VarveError.self) {
                try StepManifest(decoding: body.dropLast() + [byte], version: 5, file: "f")
            }
        }
        #expect(throws: VarveError.self) { try StepManifest(decoding: Array(body.dropLast()), version: 5, file: "f") }
        let pruned = sample(.none, pruned: .moments).encoded()
        #expect(throws: VarveError.self) {
            try StepManifest(decoding: pruned.dropLast() + [0], version: 4, file: "f")
        }
    }
}
