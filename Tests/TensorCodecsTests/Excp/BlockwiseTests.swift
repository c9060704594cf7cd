import Testing
import VarveTestSupport

@testable import TensorCodecs

/// What the method `excp` finds out block by block is what it would find out of the whole.
@Suite struct BlockwiseTests {
    /// Tensors whose sample says much or little about where the median lies.
    enum Shape: CaseIterable {
        case normal, mostlyZero, halfZero, twoValues, constant, sorted, huge
    }

    private func values(_ shape: Shape, _ count: Int) -> [Float] {
        var random = SplitMix64(seed: UInt64(count))
        var values = (0..<count).map { _ in Float(random.normal()) }
        switch shape {
        case .normal: break
        case .mostlyZero: for i in 0..<count where i % 5 != 0 { values[i] = i % 2 == 0 ? 0 : -0.0 }
        case .halfZero: for i in 0..<count / 2 { values[i] = 0 }
        case .twoValues: for i in 0..<count { values[i] = i < count / 2 ? -1 : 3 }
        case .constant: for i in 0..<count { values[i] = -7 }
        case .sorted: values.sort { $0.magnitude < $1.magnitude }
        case .huge: for i in 0..<count { values[i] *= i % 2 == 0 ? 1e30 : 1e-38 }
        }
        return values
    }

    private func median(_ values: [Float], room: Int, block: Int) -> Double {
        var room = [Float](repeating: 0, count: room)
        return room.withUnsafeMutableBufferPointer { room in
            values.withUnsafeBufferPointer { values in
                var search = MedianSearch(count: values.count, room: room) { values[$0] }
                for start in stride(from: 0, to: values.count, by: block) {
                    search.add(.init(rebasing: values[start..<min(start + block, values.count)]))
                }
                return search.median(values)
            }
        }
    }

    @Test(arguments: Shape.allCases, [1, 2, 32_767, 32_768, 65_537, 100_000])
    func theMedianFoundByASampleIsTheSortedMiddle(shape: Shape, count: Int) {
        let values = values(shape, count)
        let sorted = values.map { Double($0.magnitude) }.sorted()
        let expected = count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2
        #expect(median(values, room: count / 4 + 4096, block: 4096) == expected)
        #expect(median(values, room: 5000, block: 4096) == expected)
        #expect(median(values, room: 0, block: 1000) == expected)
    }

    @Test(arguments: FloatFormat.allCases)
    func theScanOfAResidualIsThatOfItsParts(format: FloatFormat) {
        var random = SplitMix64(seed: 5)
        let old = (0..<50_001).map { _ in Float(random.normal()) }
        let new = old.map { $0 + Float(random.normal()) / 100 }
        let (weight, before) = (format.bytes(new), format.bytes(old))
        let expected = ResidualCodec.residual(weight: weight, predecessor: before, format: format)
        func scan(_ weight: [UInt8]) -> (scan: ResidualScan, values: [Float]) {
            var values = [Float](repeating: 0, count: old.count)
            var room = values
            let scan = weight.withUnsafeBytes { weight in
                before.withUnsafeBytes { before in
                    values.withUnsafeMutableBufferPointer { values in
                        room.withUnsafeMutableBufferPointer {
                            ResidualScan(weight: weight, predecessor: before, format: format, into: values, room: $0)
                        }
                    }
                }
            }
            return (scan, values)
        }
        let found = scan(weight)
        #expect(found.values == expected && found.scan.isFinite && !found.scan.isUnchanged)
        #expect(found.scan.median == expected.withUnsafeBufferPointer { Median.magnitude($0) })
        #expect(scan(before).scan.isUnchanged && scan(before).scan.median == 0)
        for position in [0, 4095, 4096, 50_000] {
            var changed = before
            changed[position * format.elementSize] ^= 1
            #expect(!scan(changed).scan.isUnchanged)
            var bad = new
            bad[position] = position % 2 == 0 ? .infinity : .nan
            #expect(!scan(format.bytes(bad)).scan.isFinite)
        }
    }

    @Test(arguments: FloatFormat.allCases)
    func sumsOverBlocksAreThoseOfTheWhole(format: FloatFormat) {
        var random = SplitMix64(seed: 6)
        let (left, right) = (
            format.bytes((0..<20_003).map { _ in Float(random.normal()) }),
            format.bytes((0..<20_003).map { _ in Float(random.normal()) })
        )
        left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                let expected = ResidualCodec.error(left, right, format: format)
                for block in [1, 3, 4096, 7001] {
                    var sums = ErrorSums()
                    var squares = ErrorSums()
                    for start in stride(from: 0, to: 20_003, by: block) {
                        let range = start * format.elementSize..<min(start + block, 20_003) * format.elementSize
                        sums.add(.init(rebasing: left[range]), .init(rebasing: right[range]), format: format)
                        squares.addSquares(.init(rebasing: left[range]), format: format)
                    }
                    #expect(sums.measure == expected)
                    #expect(squares.squared == ResidualCodec.energy(left, format: format))
                }
            }
        }
    }

    @Test func differencesThatAreNoNumbersShowInTheError() {
        for position in 0..<9 {
            var values = [Float](repeating: 1, count: 9)
            values[position] = .nan
            let zeros = [UInt8](repeating: 0, count: 36)
            let error = ResidualCodec.error(FloatFormat.f32.bytes(values), zeros, format: .f32)
            #expect(error.squared.isNaN && (error.maximum.isNaN || error.maximum == 1))
        }
    }

    @Test(arguments: FloatFormat.allCases)
    func theScanOfAMomentIsThatOfItsParts(format: FloatFormat) {
        var random = SplitMix64(seed: 7)
        let values = (0..<10_001).map { _ in Float(random.normal()) }
        func scan(_ values: [Float], magnitudes: Bool) -> (scan: MomentScan, floats: [Float]) {
            var floats = [Float](repeating: 0, count: values.count)
            var scan = MomentScan(format, magnitudes: magnitudes)
            format.bytes(values).withUnsafeBytes { bytes in
                floats.withUnsafeMutableBufferPointer { floats in
                    for range in [0..<5000, 5000..<values.count] {
                        let part = range.lowerBound * format.elementSize..<range.upperBound * format.elementSize
                        scan.add(.init(rebasing: bytes[part]), values: .init(rebasing: floats[range]))
                    }
                }
            }
            return (scan, floats)
        }
        let expected = format.floats(format.bytes(values))
        for magnitudes in [false, true] {
            let found = scan(values, magnitudes: magnitudes)
            #expect(found.floats == expected && found.scan.isUsable)
            #expect(found.scan.energy == ResidualCodec.energy(format.bytes(values), format: format))
            #expect(
                found.scan.mean
                    == expected.withUnsafeBufferPointer {
                        magnitudes ? Reductions.meanMagnitude($0) : Reductions.mean($0)
                    })
        }
        for (position, bad) in [(0, Float.nan), (4096, .infinity), (10_000, format == .f16 ? 6.2e4 : 3.2e38)] {
            var values = values
            values[position] = bad
            #expect(!scan(values, magnitudes: true).scan.isUsable)
        }
    }

    @Test(arguments: [0, 0.001, 0.05, 0.5, 0.99, 1])
    func whatIsNotZeroIsFoundInOrder(density: Double) {
        for count in [0, 1, 7, 8, 511, 512, 513, 5003] {
            var random = SplitMix64(seed: UInt64(count))
            let indices = (0..<count).map { _ in random.uniform() < density ? UInt8(1 + random.next() % 255) : 0 }
            let expected = indices.indices.filter { indices[$0] != 0 }
            var found: [Int] = []
            indices.withUnsafeBufferPointer { indices in IndexScan.forEachNonzero(indices) { found.append($0) } }
            #expect(found == expected)
            #expect(KeptValues.gathered(indices, where: indices) == expected.map { indices[$0] })
            var mask = indices.map { $0 == 0 ? UInt8(0) : 1 }
            let values = expected.map { indices[$0] } + [0]
            mask.withUnsafeMutableBufferPointer { mask in
                values.withUnsafeBufferPointer { KeptValues.spread($0, over: mask) }
            }
            #expect(mask == indices)
        }
    }
}
