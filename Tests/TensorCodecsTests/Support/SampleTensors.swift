import VarveTestSupport

@testable import TensorCodecs

/// Tensors that look like those of a run: a residual, a first moment that goes with it, a second moment that scales it.
struct SampleTensor {
    var residual: [Float]
    var first: [Float]
    var second: [Float]

    /// - Parameter scale: size of the gradients; the second moment is about its square.
    init(_ count: Int, scale: Double = 1e-3, using random: inout SplitMix64) {
        (residual, first, second) = ([], [], [])
        for _ in 0..<count {
            let size = scale * (0.05 + random.uniform() * random.uniform() * 2)
            let step = random.normal()
            residual.append(Float((step + 0.5 * random.normal()) * 0.01))
            first.append(Float(-step * size * 0.3))
            second.append(Float(size * size * (0.5 + random.uniform())))
        }
    }

    func quantized(_ settings: ExcpSettings, first hasFirst: Bool = true, second hasSecond: Bool = true) -> ExcpTensor {
        residual.withUnsafeBufferPointer { residual in
            first.withUnsafeBufferPointer { first in
                second.withUnsafeBufferPointer { second in
                    ExcpQuantizer(settings: settings).quantize(
                        residual: residual, first: hasFirst ? first : nil, second: hasFirst && hasSecond ? second : nil)
                }
            }
        }
    }
}

/// Index arrays with given probabilities, for the packing alone.
enum SampleIndices {
    /// Zeros with probability 1 - density, else 1...alphabet, the middle ones more often.
    static func geometric(_ count: Int, density: Double, alphabet: Int, using random: inout SplitMix64) -> [UInt8] {
        (0..<count).map { _ in
            guard random.uniform() < density else { return 0 }
            return UInt8(1 + min(Int((random.uniform() + random.uniform()) / 2 * Double(alphabet)), alphabet - 1))
        }
    }

    /// An ascending codebook of that size.
    static func codebook(_ size: Int) -> [Float] { (0..<size).map { Float($0 - size / 2) + 0.25 } }
}
