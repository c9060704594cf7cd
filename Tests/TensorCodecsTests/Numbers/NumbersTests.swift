import Testing
import VarveTestSupport

@testable import TensorCodecs

@Suite struct NumbersTests {
    @Test func everyHalfSurvivesTheWayThroughFloat() {
        for bits in UInt16.min...UInt16.max {
            let brain = HalfPrecision.float(bfloat16: bits)
            let half = HalfPrecision.float(float16: bits)
            if brain.isNaN {
                #expect(HalfPrecision.float(bfloat16: HalfPrecision.bfloat16(brain)).isNaN)
            } else if HalfPrecision.bfloat16(brain) != bits {
                Issue.record("bfloat16 \(bits)")
            }
            let expected = Float(Float16(bitPattern: bits))
            if half.isNaN {
                #expect(expected.isNaN && HalfPrecision.float(float16: HalfPrecision.float16(half)).isNaN)
            } else if half != expected || half.sign != expected.sign || HalfPrecision.float16(half) != bits {
                Issue.record("float16 \(bits)")
            }
        }
    }

    @Test func halvesAreRoundedToNearestEven() {
        var random = SplitMix64(seed: 1)
        var values = (0..<300_000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) }
        for bits in stride(from: UInt16(0), to: 0x7c00, by: 7) {
            // Half way between two neighbours, and a hair beside it.
            let middle = (Float(Float16(bitPattern: bits)) + Float(Float16(bitPattern: bits + 1))) / 2
            values += [middle, middle.nextUp, middle.nextDown, -middle]
        }
        for value in values where !value.isNaN {
            if HalfPrecision.float16(value) != Float16(value).bitPattern { Issue.record("float16 of \(value)") }
            let rounded = HalfPrecision.float(bfloat16: HalfPrecision.bfloat16(value))
            let below = Float(bitPattern: value.bitPattern & 0xffff_0000)
            let above = Float(bitPattern: (value.bitPattern & 0xffff_0000) &+ 0x10000)
            guard value.isFinite, above.isFinite else { continue }
            let (down, up) = (abs(Double(value) - Double(below)), abs(Double(above) - Double(value)))
            let even = below.bitPattern & 0x10000 == 0 ? below : above
            #expect(rounded == (down < up ? below : up < down ? above : even))
        }
    }

    @Test(arguments: FloatFormat.allCases)
    func bulkConversionsKeepRepresentableValues(format: FloatFormat) {
        let values: [Float] = (0..<500).map { Float($0 - 250) / 4 } + [0, -0.0, .infinity, -.infinity]
        let bytes = format.bytes(values)
        #expect(bytes.count == values.count * format.elementSize)
        // Shifted by one byte: tensors in files are not aligned.
        let shifted = [0] + bytes
        shifted.withUnsafeBytes { raw in
            let back = format.floats(UnsafeRawBufferPointer(rebasing: raw[1...]))
            let same = back == values
            #expect(same)
            let sameDoubles = format.doubles(UnsafeRawBufferPointer(rebasing: raw[1...])) == values.map(Double.init)
            #expect(sameDoubles)
        }
    }

    @Test(arguments: FloatFormat.allCases)
    func oneNonFiniteElementIsFoundAnywhere(format: FloatFormat) {
        for position in [0, 1, 4095, 4096, 9_999] {
            for bad in [Float.nan, .infinity, -.infinity] {
                var values = [Float](repeating: 1.5, count: 10_000)
                #expect(!format.bytes(values).withUnsafeBytes { format.hasNonFinite($0) })
                values[position] = bad
                #expect(format.bytes(values).withUnsafeBytes { format.hasNonFinite($0) })
            }
        }
    }

    @Test(arguments: [1, 2, 3, 10, 999, 5000, 20_001])
    func theMedianIsTheSortedMiddle(count: Int) {
        for (seed, spread) in [1e-6, 1, 1e30].enumerated() {
            var random = SplitMix64(seed: UInt64(seed + count))
            var values = (0..<count).map { _ in Float(random.normal() * spread) }
            if seed == 1 { for i in values.indices where i % 3 == 0 { values[i] = 0 } }
            let sorted = values.map(\.magnitude).sorted()
            let expected =
                count % 2 == 1
                ? Double(sorted[count / 2]) : (Double(sorted[count / 2 - 1]) + Double(sorted[count / 2])) / 2
            #expect(values.withUnsafeBufferPointer { Median.magnitude($0) } == expected)
        }
        #expect([Float](repeating: -3, count: count).withUnsafeBufferPointer { Median.magnitude($0) } == 3)
    }

    @Test func meansAreThoseOfDoubleSums() {
        for count in [0, 1, 7, 8, 9, 1001] {
            var random = SplitMix64(seed: UInt64(count))
            let values = (0..<count).map { _ in Float(random.normal()) }
            let sum = values.reduce(0.0) { $0 + Double($1.magnitude) }
            let mean = values.withUnsafeBufferPointer { Reductions.meanMagnitude($0) }
            #expect(abs(mean - sum / Double(max(count, 1))) < 1e-12)
        }
    }

    @Test func integerLogarithmsAreExactToTheirLastBit() {
        for n in [1, 2, 3, 1000, 1 << 20, 1 << 40, (1 << 40) + 12345] as [UInt64] {
            // 2^(value / 65536) <= n < 2^((value + 1) / 65536), checked by repeated squaring in Double.
            let value = Double(FixedLog2.value(n)) / 65536
            let expected = logarithm(Double(n))
            #expect(value <= expected + 1e-9 && expected < value + 3.0 / 65536)
        }
    }

    private func logarithm(_ x: Double) -> Double {
        var (mantissa, result, bit) = (x.significand, Double(x.exponent), 0.5)
        for _ in 0..<40 {
            mantissa *= mantissa
            if mantissa >= 2 { (mantissa, result) = (mantissa / 2, result + bit) }
            bit /= 2
        }
        return result
    }
}
