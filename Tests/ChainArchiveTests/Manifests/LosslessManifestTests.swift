import ChainArchive
import TensorCodecs
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// What manifests say of lossless groups comes back, and what cannot be is refused.
@Suite struct LosslessManifestTests {
    private func sample(_ change: (inout StepManifest) -> Void = { _ in }) -> StepManifest {
        let location = RecordLocation(part: 0, offset: 16, byteCount: 100, checksum: 77)
        func tensor(_ name: String, _ role: Role, _ offset: UInt64, _ coding: TensorRecord.Coding) -> TensorRecord {
            TensorRecord(
                name: name, role: role, key: "", dtype: .f32, shape: [5, 5],
                pieces: TensorPieces(file: 0, offset: offset, byteCount: 100),
                coding: coding, contentHash: Hash128(high: 1, low: 2), statistics: TensorStatistics(storedBytes: 9))
        }
        var manifest = StepManifest(
            number: 400, isEpoch: false, path: "checkpoint-400", isDirectory: true, method: "lossless",
            predecessor: .step(200, digest: Hash128(high: 9, low: 8)),
            parts: [.init(name: "0000.part", byteCount: 1000)],
            entries: [Entry(path: "checkpoint-400/m", kind: .file, mode: 0o644, modified: 0, byteCount: 500)],
            losslessGroups: [location, location],
            tensors: [
                tensor("a", .weight, 0, .packed(losslessGroup: 0, index: 1, depth: 2)),
                tensor("b", .weight, 100, .packed(losslessGroup: 0, index: 0, depth: 1)),
                tensor("a", .firstMoment, 200, .packed(losslessGroup: 1, index: 1, depth: 0)),
                tensor("a", .secondMoment, 300, .packed(losslessGroup: 1, index: 0, depth: 1)),
                tensor("b", .secondMoment, 400, .unchanged),
            ])
        change(&manifest)
        return manifest
    }

    @Test func everyFieldComesBack() throws {
        let manifest = sample(), body = manifest.encoded()
        let back = try StepManifest(decoding: body, file: "f")
        #expect(back.encoded() == body)
        #expect(back.tensors.map(\.coding) == manifest.tensors.map(\.coding))
        #expect(back.losslessGroups == manifest.losslessGroups && back.tensors.allSatisfy(\.coding.isExact))
        #expect(try back.losslessGroupMembers() == [[1, 0], [3, 2]])
    }

    @Test func packsThatCannotBeAreRefused() {
        let lies: [(inout StepManifest) -> Void] = [
            { $0.tensors[0].coding = .packed(losslessGroup: 2, index: 0, depth: 0) },
            { $0.tensors[0].coding = .packed(losslessGroup: .max, index: .max, depth: 0) },
            { $0.tensors[0].coding = .packed(losslessGroup: 0, index: 0, depth: 0) },
            { $0.tensors[0].coding = .packed(losslessGroup: 0, index: 2, depth: 0) },
            { $0.tensors[0].coding = .packed(losslessGroup: 0, index: 1, depth: 3) },
            { $0.tensors[1].coding = .unchanged },
            { $0.losslessGroups.append($0.losslessGroups[0]) },
            { $0.losslessGroups.removeLast() },
            { $0.losslessGroups[1].byteCount = 1000 },
            { $0.predecessor = .none },
            { $0.predecessor = .base },
        ]
        for (index, lie) in lies.enumerated() {
            let body = sample(lie).encoded()
            let error = #expect(throws: VarveError.self, "\(index)") { try StepManifest(decoding: body, file: "f") }
            #expect(error?.code == .damaged)
        }
    }

    /// Weights may build on a base, nothing else may, and only one step deep.
    @Test func aBaseHasWeightsOnly() throws {
        func decode(_ depths: [Int]) throws {
            let body = sample { manifest in
                manifest.predecessor = .base
                for (index, depth) in depths.enumerated() {
                    guard case .packed(let losslessGroup, let position, _) = manifest.tensors[index].coding else {
                        continue
                    }
                    manifest.tensors[index].coding = .packed(
                        losslessGroup: losslessGroup, index: position, depth: depth)
                }
            }.encoded()
            _ = try StepManifest(decoding: body, file: "f")
        }
        try decode([1, 1, 0, 0])
        #expect(throws: VarveError.self) { try decode([2, 1, 0, 0]) }
        #expect(throws: VarveError.self) { try decode([1, 1, 1, 0]) }
    }

    @Test func everyMutationIsRefusedOrKeepsTheRules() throws {
        let body = sample().encoded()
        HostileFiles.forEachMutation(of: body) { _, damaged in
            guard let manifest = try? StepManifest(decoding: damaged, file: "f") else { return }
            guard let losslessGroups = try? manifest.losslessGroupMembers() else {
                Issue.record("a manifest was read whose lossless groups do not add up")
                return
            }
            for member in losslessGroups.flatMap({ $0 }) { #expect(manifest.tensors.indices.contains(member)) }
        }
    }
}
