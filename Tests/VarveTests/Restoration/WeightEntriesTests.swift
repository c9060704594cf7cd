import ChainArchive
import TensorFiles
import Testing
import VarveTestSupport

@testable import Varve

/// Which files of a step `--only weights` restores.
@Suite struct WeightEntriesTests {
    private func manifest(_ tensors: [(name: String, role: Role, files: [Int])]) throws -> StepManifest {
        var end: [Int: UInt64] = [:]
        let records = try tensors.map { name, role, files in
            let pieces = files.enumerated().map { index, file in
                defer { end[file, default: 0] += 4 }
                return TensorPiece(
                    file: file, offset: end[file, default: 0],
                    placement: Placement(index..<index + 1, of: [files.count]))
            }
            let layout = try LogicalTensor(
                name: name, dtype: .f32, shape: [files.count], pieces: pieces, file: "f"
            ).layout
            return TensorRecord(
                name: name, role: role, key: "", dtype: .f32, shape: [files.count], pieces: layout,
                coding: .unchanged, contentHash: Hash128(high: 1, low: 2), statistics: TensorStatistics())
        }
        return StepManifest(
            number: 1, isEpoch: false, path: "s", isDirectory: true, method: "m", predecessor: .none,
            entries: ["__0_0.distcp", "__1_0.distcp", "__2_0.distcp", ".metadata"].map {
                Entry(path: "s/\($0)", kind: .file, mode: 0o644, modified: 0, byteCount: 8)
            }, tensors: records)
    }

    @Test func filesOfWeightsAloneGoWithTheirMetadata() throws {
        let found = try manifest([("a", .weight, [0, 1]), ("b", .weight, [1]), ("a", .firstMoment, [2])])
        #expect(found.weightEntries == [0, 1, 3])
    }

    /// Half a weight is none: `a` goes on in a file with a moment, and `b` goes on beside `a`.
    @Test func noPartOfAWeightIsRestored() throws {
        let found = try manifest([("a", .weight, [1, 2]), ("b", .weight, [0, 1]), ("a", .firstMoment, [2])])
        #expect(found.weightEntries.isEmpty)
    }
}
