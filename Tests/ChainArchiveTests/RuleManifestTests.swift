import ChainArchive
import TensorCodecs
import TensorFiles
import Testing
import VarveTestSupport

/// Manifests of steps whose bundles name a rule for bases are of version 5, and no others.
@Suite struct RuleManifestTests {
    private func sample(namesRules: Bool, pruned: ForgottenSteps.Extent? = nil) -> StepManifest {
        let reference = PartReference(part: 0, offset: 16, byteCount: 100, checksum: 77)
        let weight = TensorRecord(
            name: "a", role: .weight, key: "", dtype: .f32, shape: [5, 5], entry: 0, fileOffset: 0,
            coding: .transform(bundle: 0, index: 0, opens: true), contentHash: Hash128(high: 1, low: 2),
            statistics: TensorStatistics(squaredError: 0.5, largestError: 0.25, referenceEnergy: 2, prunedCount: 3))
        var manifest = StepManifest(
            number: 400, isEpoch: false, path: "checkpoint-400", isDirectory: true, method: "transform",
            predecessor: .none, parts: [.init(name: "0000.part", byteCount: 1000)],
            entries: [Entry(path: "checkpoint-400/m", kind: .file, mode: 0o644, modified: 0, byteCount: 100)],
            bundles: [Bundle(settings: .transform(namesRules: namesRules), weights: reference, moments: nil)],
            tensors: [weight], pairs: [:], notes: [])
        manifest.pruned = pruned
        return manifest
    }

    private func version(_ manifest: StepManifest) throws -> UInt8 { try manifest.sealed()[4] }

    @Test func onlyARuleMakesVersionFive() throws {
        #expect(try version(sample(namesRules: false)) == 3)
        #expect(try version(sample(namesRules: false, pruned: .moments)) == 4)
        for pruned in [nil, .moments, .whole] as [ForgottenSteps.Extent?] {
            let manifest = sample(namesRules: true, pruned: pruned)
            #expect(try version(manifest) == 5)
            let body = manifest.encoded()
            let back = try StepManifest(decoding: body, version: 5, file: "f")
            #expect(back.encoded() == body && back.pruned == pruned)
            #expect(back.bundles[0].settings == .transform(namesRules: true))
        }
    }

    @Test func olderVersionsHaveNoRules() throws {
        let body = sample(namesRules: true).encoded()
        for version in [2, 3, 4] as [UInt16] {
            #expect(throws: VarveError.self) { try StepManifest(decoding: body, version: version, file: "f") }
        }
    }

    @Test func whatWasPrunedIsSaidInOneByte() throws {
        let body = sample(namesRules: true).encoded()
        #expect(body.last == 0)
        for byte in 3...255 as ClosedRange<UInt8> {
            #expect(throws: VarveError.self) {
                try StepManifest(decoding: body.dropLast() + [byte], version: 5, file: "f")
            }
        }
        #expect(throws: VarveError.self) { try StepManifest(decoding: Array(body.dropLast()), version: 5, file: "f") }
        let pruned = sample(namesRules: false, pruned: .moments).encoded()
        #expect(throws: VarveError.self) {
            try StepManifest(decoding: pruned.dropLast() + [0], version: 4, file: "f")
        }
    }
}
