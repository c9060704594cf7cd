import FileSystem
import TensorFiles
import Testing

@testable import Checkpoints

/// Where a tensor is looked at to prove what it belongs to.
@Suite struct TensorSamplerTests {
    @Test func runsAscendWithinTheTensorAndNeverExceedTheLimit() {
        let most = TensorSampler.sampleLimit
        for count in [0, 1, 2, 127, 128, 129, 1000, most - 1, most, most + 1, 2 * most, 1_000_003, 1 << 40] {
            for limit in [1, 127, 128, 129, 256, 1000, 5000, most, most + 1] {
                let runs = TensorSampler.runs(count: count, limit: limit)
                #expect(runs.reduce(0) { $0 + $1.count } == min(count, limit, most), "\(count), \(limit)")
                #expect(runs.allSatisfy { !$0.isEmpty && $0.lowerBound >= 0 && $0.upperBound <= count })
                #expect(zip(runs, runs.dropFirst()).allSatisfy { $0.lowerBound < $1.lowerBound })
            }
        }
    }

    /// The values that a smaller limit leaves are the first of those that a larger one leaves.
    @Test func aSmallerLimitOnlyCutsOff() {
        for count in [1000, 20_000, 1_000_003] {
            let all = TensorSampler.runs(count: count).flatMap { Array($0) }
            for limit in [1, 300, 4096] {
                #expect(
                    TensorSampler.runs(count: count, limit: limit).flatMap { Array($0) } == Array(all.prefix(limit)))
            }
        }
    }

    @Test func valuesAreThoseOfTheFile() throws {
        let values = (0..<40_000).map { Float($0) * 0.5 - 3 }
        var header = Array(#"{"a":{"dtype":"F32","shape":[200,200],"data_offsets":[0,160000]}}"#.utf8)
        while header.count % 8 != 0 { header.append(0x20) }
        var bytes = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header
        bytes += values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
        let file = try #require(try TensorFile.open(MemorySource(bytes, name: "a.safetensors")))
        for limit in [1, 300, TensorSampler.sampleLimit] {
            let runs = TensorSampler.runs(count: values.count, limit: limit)
            TensorSampler.prefetch(0, in: file, runs: runs)
            #expect(try TensorSampler.values(of: 0, in: file, runs: runs) == runs.flatMap { values[$0] })
        }
        let beyond = [39_999..<40_001]
        TensorSampler.prefetch(0, in: file, runs: beyond)
        #expect(throws: VarveError.self) { try TensorSampler.values(of: 0, in: file, runs: beyond) }
    }
}
