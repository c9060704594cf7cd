import Testing
import VarveTestSupport

@testable import TensorCodecs

@Suite struct ResidualCodecTests {
    @Test(arguments: FloatFormat.allCases)
    func predecessorPlusResidualIsTheWeightAgain(format: FloatFormat) {
        // Multiples of 1/64 below 4: differences are exact in every format.
        var random = SplitMix64(seed: 1)
        let old = (0..<777).map { _ in Float(Int(random.next() % 512) - 256) / 64 }
        let new = (0..<777).map { _ in Float(Int(random.next() % 512) - 256) / 64 }
        let (weight, predecessor) = (format.bytes(new), format.bytes(old))
        var residual = [Float](repeating: 0, count: 777)
        var restored = predecessor
        weight.withUnsafeBytes { weight in
            predecessor.withUnsafeBytes { predecessor in
                residual.withUnsafeMutableBufferPointer {
                    ResidualCodec.residual(weight: weight, predecessor: predecessor, format: format, into: $0)
                }
            }
        }
        #expect(residual == zip(new, old).map { $0 - $1 })
        // In place: output and predecessor are the same memory.
        restored.withUnsafeMutableBytes { bytes in
            residual.withUnsafeBufferPointer {
                ResidualCodec.restore(
                    predecessor: UnsafeRawBufferPointer(bytes), values: $0, format: format, into: bytes)
            }
        }
        #expect(restored == weight)
    }

    @Test func doublesKeepDifferencesThatFloatsWouldLose() {
        let (new, old) = ([1.0 + 1e-12, 1e300], [1.0, 1e300])
        var residual = [Float](repeating: 0, count: 2)
        var restored = [0.0, 0.0]
        new.withUnsafeBytes { weight in
            old.withUnsafeBytes { predecessor in
                residual.withUnsafeMutableBufferPointer {
                    ResidualCodec.residual(weight: weight, predecessor: predecessor, format: .f64, into: $0)
                }
                restored.withUnsafeMutableBytes { output in
                    residual.withUnsafeBufferPointer {
                        ResidualCodec.restore(predecessor: predecessor, values: $0, format: .f64, into: output)
                    }
                }
            }
        }
        #expect(residual == [Float(1.0 + 1e-12 - 1.0), 0])
        #expect(abs(restored[0] - new[0]) < 1e-18 && restored[1] == 1e300)
    }

    @Test func errorsAreMeasuredInDouble() {
        let (left, right): ([Float], [Float]) = ([1, 2, 3, 4, 5], [1, 2.5, 3, 4, 2])
        left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                #expect(ResidualCodec.error(left, right, format: .f32) == ErrorMeasure(squared: 9.25, maximum: 3))
            }
        }
    }
}
