import TensorCodecs
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

@testable import ChainArchive

/// Step manifests in which a tensor's error is known within bounds.
@Suite struct RebasedManifestTests {
    private func sample(_ range: ErrorRange?, coding: TensorRecord.Coding) -> StepManifest {
        let location = RecordLocation(part: 0, offset: 16, byteCount: 100, checksum: 77)
        var statistics = TensorStatistics(squaredError: 0.5, largestError: 0.25, referenceEnergy: 2, prunedCount: 3)
        statistics.range = range
        return StepManifest(
            number: 400, isEpoch: false, path: "checkpoint-400", isDirectory: true, method: "transform balanced",
            predecessor: .none, parts: [.init(name: "0000.part", byteCount: 1000)],
            entries: [Entry(path: "checkpoint-400/m", kind: .file, mode: 0o644, modified: 0, byteCount: 100)],
            quantizedGroups: coding.isExact
                ? [] : [QuantizedGroup(settings: .transform, weights: location, moments: nil)],
            losslessGroups: coding.isExact ? [location] : [],
            tensors: [
                TensorRecord(
                    name: "a", role: .weight, key: "", dtype: .f32, shape: [5, 5],
                    pieces: TensorPieces(file: 0, offset: 0, byteCount: 100), coding: coding,
                    contentHash: Hash128(high: 1, low: 2), statistics: statistics)
            ])
    }

    private static let quantized = TensorRecord.Coding.transform(quantizedGroup: 0, index: 0, opens: true)
    private static let packed = TensorRecord.Coding.packed(losslessGroup: 0, index: 0, depth: 0)

    @Test(arguments: [quantized, packed]) func boundsComeBack(coding: TensorRecord.Coding) throws {
        let manifest = sample(ErrorRange(least: 0.25, most: 0.75, largest: 0.5), coding: coding)
        #expect(manifest.isRebased && !manifest.isExact)
        let back = try StepManifest(decoding: manifest.encoded(), file: "f")
        #expect(back.encoded() == manifest.encoded())
        #expect(back.tensors[0].statistics.range == manifest.tensors[0].statistics.range)
        #expect(!back.tensors[0].isOriginal)
        // Where the coding has no figures the bounds are all there is.
        #expect(back.tensors[0].statistics.squaredError == (coding.isExact ? 0.75 : 0.5))
        #expect(!sample(nil, coding: coding).isRebased)
    }

    @Test func boundsThatCannotBeAreRefused() throws {
        for range in [
            ErrorRange(least: 1, most: 0.5, largest: 1), ErrorRange(least: -1, most: 0.5, largest: 1),
            ErrorRange(least: 0, most: .nan, largest: 1), ErrorRange(least: 0, most: 1, largest: -1),
            ErrorRange(least: 0, most: 1, largest: .nan),
        ] {
            let body = sample(range, coding: Self.packed).encoded()
            #expect(throws: VarveError.self) { try StepManifest(decoding: body, file: "f") }
        }
    }

    @Test func theErrorLiesBetweenDifferenceAndSum() {
        let measured = ErrorMeasure(squared: 9, maximum: 2)
        let range = ErrorRange(measured).widened(by: ErrorMeasure(squared: 1, maximum: 0.5))
        for (squared, maximum, isIn) in [
            (4.0, 2.5, true), (16.0, 1.0, true), (3.9, 2.5, false), (16.1, 1, false), (9, 2.6, false),
        ] {
            #expect(range.contains(ErrorMeasure(squared: squared, maximum: maximum)) == isIn, "\(squared) \(maximum)")
        }
        // A difference larger than the error cannot be made up for by it.
        #expect(!ErrorRange(measured).widened(by: ErrorMeasure(squared: 100, maximum: 9)).contains(measured))
        let again = range.widened(by: ErrorMeasure(squared: 1, maximum: 0.5))
        #expect(again.least < range.least && again.most > range.most && again.largest > range.largest)
    }
}
