import ChainArchive
import TensorCodecs
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// What manifests say of method `transform` comes back, and what cannot be is refused.
@Suite struct TransformManifestTests {
    private func sample(_ change: (inout [TensorRecord]) -> Void = { _ in }) -> StepManifest {
        let location = RecordLocation(part: 0, offset: 16, byteCount: 100, checksum: 77)
        func tensor(_ role: Role, _ key: String, _ offset: UInt64, _ coding: TensorRecord.Coding) -> TensorRecord {
            TensorRecord(
                name: "a", role: role, key: key, dtype: key == "copy" ? .bf16 : .f32, shape: [5, 5],
                pieces: TensorPieces(file: 0, offset: offset, byteCount: key == "copy" ? 50 : 100), coding: coding,
                contentHash: Hash128(high: 1, low: 2),
                statistics: TensorStatistics(squaredError: 0.5, largestError: 0.25, referenceEnergy: 2, prunedCount: 3))
        }
        let member = TensorRecord.Coding.transform(quantizedGroup: 0, index: 0, opens: true)
        var tensors = [
            tensor(.weight, "", 0, member), tensor(.firstMoment, "", 100, member),
            tensor(.secondMoment, "", 200, member), tensor(.other, "max_exp_avg_sq", 300, member),
            tensor(.weight, "copy", 400, .copy(quantizedGroup: 0, index: 0)),
        ]
        change(&tensors)
        let size = tensors.reduce(UInt64(0)) { $0 + UInt64($1.byteCount) }
        return StepManifest(
            number: 400, isEpoch: false, path: "checkpoint-400", isDirectory: true, method: "transform",
            predecessor: .none, parts: [.init(name: "0000.part", byteCount: 1000)],
            entries: [
                Entry(path: "checkpoint-400/m", kind: .file, mode: 0o644, modified: 0, byteCount: size)
            ],
            quantizedGroups: [QuantizedGroup(settings: .transform, weights: location, moments: nil)],
            tensors: tensors, pairs: [:],
            notes: [])
    }

    @Test func everyFieldComesBack() throws {
        let manifest = sample(), body = manifest.encoded()
        let back = try StepManifest(decoding: body, file: "f")
        #expect(back.encoded() == body)
        #expect(back.tensors.map(\.coding) == manifest.tensors.map(\.coding))
        let member = try #require(back.quantizedGroupMembers().first?.first)
        #expect(member.weight == 0 && member.firstMoment == 1 && member.secondMoment == 2)
        #expect(member.maximum == 3 && member.copies == [4])
        #expect(back.quantizedGroups[0].moments == nil && back.quantizedGroups[0].settings == .transform)
    }

    @Test func whatWasPrunedIsSaidInOneByte() throws {
        for pruned in [nil, .moments, .whole] as [ForgottenSteps.Extent?] {
            var manifest = sample()
            manifest.pruned = pruned
            manifest.tensors[0].statistics.changeSinceStart = 7
            let body = manifest.encoded(), back = try StepManifest(decoding: body, file: "f")
            #expect(back.encoded() == body && back.pruned == pruned)
            #expect(back.tensors[0].statistics.changeSinceStart == 7)
        }
        let body = sample().encoded()
        #expect(body.last == 0)
        for byte in 3...255 as ClosedRange<UInt8> {
            #expect(throws: VarveError.self) { try StepManifest(decoding: body.dropLast() + [byte], file: "f") }
        }
        #expect(throws: VarveError.self) { try StepManifest(decoding: Array(body.dropLast()), file: "f") }
    }

    @Test func membersThatCannotBeAreRefused() throws {
        let lies: [(inout [TensorRecord]) -> Void] = [
            { $0[0].coding = .excp(quantizedGroup: 0, index: 0) },
            { $0[0].coding = .transform(quantizedGroup: 1, index: 0, opens: true) },
            { $0[0].coding = .transform(quantizedGroup: 0, index: 1, opens: true) },
            { $0[4].coding = .copy(quantizedGroup: 0, index: 1) },
            { $0[4].role = .other },
            { $0[3].role = .firstMoment },
            { $0[0].dtype = .i32 },
        ]
        for lie in lies {
            let body = sample(lie).encoded()
            #expect(throws: (any Error).self) {
                _ = try StepManifest(decoding: body, file: "f").quantizedGroupMembers()
            }
        }
    }

    @Test func everyMutationIsRefusedOrKeepsTheRules() throws {
        let body = sample().encoded()
        HostileFiles.forEachMutation(of: body) { _, damaged in
            guard let manifest = try? StepManifest(decoding: damaged, file: "f") else { return }
            guard let quantizedGroups = try? manifest.quantizedGroupMembers() else { return }
            for member in quantizedGroups.flatMap({ $0 }) { #expect(manifest.tensors.indices.contains(member.weight)) }
        }
    }
}
