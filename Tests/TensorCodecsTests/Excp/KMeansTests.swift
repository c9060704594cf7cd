import Testing
import VarveTestSupport

@testable import TensorCodecs

@Suite struct KMeansTests {
    enum Shape: CaseIterable { case normal, twoSided, squares, uniform, fewDistinct, tight, denormal, heavy }

    private func values(_ shape: Shape, _ count: Int) -> [Float] {
        var random = SplitMix64(seed: UInt64(count))
        return (0..<count).map { _ in
            switch shape {
            case .normal: Float(random.normal())
            case .twoSided: Float((random.normal() * 0.3 + 1.5) * (random.next() % 2 == 0 ? 1e-3 : -1e-3))
            case .squares: Float(random.normal() * random.normal() * 1e-4).magnitude * 1e-5
            case .uniform: Float(random.uniform())
            case .fewDistinct: Float(random.next() % 40) / 7
            case .tight: 1 + Float(random.uniform()) * 1e-4
            case .denormal: Float(bitPattern: UInt32(random.next() % 5000))
            case .heavy: Float(1 / (1e-6 + random.uniform()))
            }
        }
    }

    /// The reference: 25 Lloyd rounds from quantiles.
    private func lloyd(_ values: [Float], _ count: Int) -> [Double] {
        let x = values.map(Double.init).sorted()
        var sums = [0.0]
        for value in x { sums.append(sums[sums.count - 1] + value) }
        var centres: [Double] = []
        for i in 0..<count {
            let position = (Double(i) + 0.5) / Double(count) * Double(x.count - 1)
            let (low, part) = (Int(position), position - Double(Int(position)))
            let value = x[low] + (x[min(low + 1, x.count - 1)] - x[low]) * part
            if centres.last != value { centres.append(value) }
        }
        for _ in 0..<25 {
            let inner = zip(centres, centres.dropFirst()).map { a, b in x.partitioningIndex { $0 >= (a + b) / 2 } }
            let edges = [0] + inner + [x.count]
            for i in centres.indices where edges[i + 1] > edges[i] {
                centres[i] = (sums[edges[i + 1]] - sums[edges[i]]) / Double(edges[i + 1] - edges[i])
            }
            centres.sort()
        }
        return centres
    }

    private func error(_ values: [Float], _ centres: [Double]) -> Double {
        values.reduce(0) { sum, value in
            let next = centres.partitioningIndex { $0 >= Double(value) }
            let near =
                [next - 1, next].filter(centres.indices.contains).map { abs(centres[$0] - Double(value)) }.min() ?? 0
            return sum + near * near
        }
    }

    @Test(arguments: Shape.allCases, [3, 7, 15, 63])
    func theErrorIsNoWorseThanTheReferences(shape: Shape, count: Int) {
        for size in [count + 1, 300, 5000] where size > count {
            let values = values(shape, size)
            let centres = values.withUnsafeBufferPointer { KMeans.centres($0, count: count) }
            #expect(centres.count <= count)
            #expect(zip(centres, centres.dropFirst()).allSatisfy { $0 < $1 })
            let (ours, reference) = (error(values, centres), error(values, lloyd(values, count)))
            let total = values.reduce(0) { $0 + Double($1) * Double($1) }
            #expect(ours <= reference * (1 + 1e-6) + total * 1e-14, "\(shape) \(size)")
        }
    }

    @Test func roundedCentresCostNextToNothing() throws {
        for bits in [2, 4, 8] {
            let values = values(.twoSided, 20_000)
            let settings = try ExcpSettings(alpha: 1e-9, beta: 0, bits: bits)
            let second = [Float](repeating: 1, count: values.count)
            let tensor = values.withUnsafeBufferPointer { residual in
                second.withUnsafeBufferPointer {
                    ExcpQuantizer(settings: settings).quantize(residual: residual, first: residual, second: $0)
                }
            }
            let ours = values.withUnsafeBufferPointer { tensor.weight.error(against: $0).squared }
            #expect(ours <= error(values, lloyd(values, settings.centreCount)) * 1.002)
        }
    }

    @Test func fewDistinctValuesBecomeTheirOwnCentres() {
        let values = (0..<10_000).map { Float($0 % 9) * 1.0001 }
        let centres = values.withUnsafeBufferPointer { KMeans.centres($0, count: 15) }
        #expect(centres.map { Float($0) } == (0..<9).map { Float($0) * 1.0001 })
    }

    @Test func roundingKeepsTheExponent() {
        var random = SplitMix64(seed: 9)
        let special: [Float] = [
            .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, 6e-8, Float(bitPattern: 70_001),
            -Float(bitPattern: 70_001),
        ]
        for value in special + (0..<10_000).map({ _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) })
        where value.isFinite {
            let rounded = CentreRounding.rounded(value, bits: 9)
            #expect(rounded.isFinite && (rounded == 0) == (value == 0) && rounded.sign == value.sign)
            #expect(abs(Double(rounded) - Double(value)) <= abs(Double(value)) / 512)
        }
    }
}

extension Array {
    /// First index whose element satisfies a predicate that holds from somewhere on.
    func partitioningIndex(_ predicate: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
