import ChainArchive
import TensorCodecs
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// What a manifest says of states on their own comes back, and what cannot be is refused.
@Suite struct StateManifestTests {
    private func sample(
        role: Role = .other, dtype: DType = .f32, pruned: ForgottenSteps.Extent? = nil,
        location: RecordLocation = RecordLocation(part: 0, offset: 16, byteCount: 100, checksum: 77)
    ) -> StepManifest {
        let state = TensorRecord(
            name: "a", role: role, key: role == .other ? "exp_avg_slow" : "", dtype: dtype, shape: [5, 5],
            pieces: TensorPieces(file: 0, offset: 0, byteCount: 25 * dtype.bits / 8), coding: .state(location),
            contentHash: Hash128(high: 1, low: 2),
            statistics: TensorStatistics(squaredError: 0.5, largestError: 0.25, referenceEnergy: 2, prunedCount: 3))
        var manifest = StepManifest(
            number: 400, isEpoch: false, path: "checkpoint-400", isDirectory: true, method: "transform",
            predecessor: .none, parts: [.init(name: "0000.part", byteCount: 1000)],
            entries: [
                Entry(
                    path: "checkpoint-400/m", kind: .file, mode: 0o644, modified: 0,
                    byteCount: UInt64(25 * dtype.bits / 8))
            ],
            quantizedGroups: [], tensors: [state], pairs: [:], notes: [])
        manifest.pruned = pruned
        return manifest
    }

    @Test func everyFieldComesBack() throws {
        let manifest = sample()
        let body = manifest.encoded()
        let back = try StepManifest(decoding: body, file: "f")
        #expect(back.encoded() == body)
        #expect(back.tensors[0].coding == manifest.tensors[0].coding && !back.tensors[0].coding.isExact)
        #expect(back.tensors[0].statistics.squaredError == 0.5)
    }

    @Test func weightsAndIntegersAreNoStates() {
        for manifest in [sample(role: .weight), sample(dtype: .i32)] {
            #expect(throws: VarveError.self) {
                try StepManifest(decoding: manifest.encoded(), file: "f")
            }
        }
    }

    @Test func aStateGoesWithTheMoments() throws {
        let manifest = sample()
        #expect(manifest.isMoment(manifest.tensors[0]))
        #expect(manifest.records.map(\.record) == [.tensor(0)])
        let pruned = sample(pruned: .moments, location: .dropped)
        let back = try StepManifest(decoding: pruned.encoded(), file: "f")
        #expect(back.dropped == [.tensor(0)])
        #expect(throws: VarveError.self) {
            try StepManifest(decoding: sample(location: .dropped).encoded(), file: "f")
        }
    }
}
