import VarveTestSupport

@testable import TensorCodecs

/// Levels and classes of every shape that packing may meet.
struct SampleLevels {
    enum Shape: CaseIterable {
        /// 24 classes from .03 to 2.5 bits, as in delta steps.
        case mixed
        /// 64 classes from all but zero to wide, as no step has them.
        case allClasses
        /// Standard deviations from 8 to 40, as in keyframes.
        case keyframe
        case zero, constant, noise, wideNoise, heavyTails, huge, alternating, fewOutliers
    }

    var levels: [Int32] = []
    var classes: [UInt8] = []

    init(_ shape: Shape, _ count: Int, using random: inout SplitMix64) {
        for i in 0..<count {
            let (level, value) = Self.element(shape, i, using: &random)
            levels.append(level)
            classes.append(value)
        }
    }

    private static func element(_ shape: Shape, _ i: Int, using random: inout SplitMix64) -> (Int32, UInt8) {
        let bits = random.next()
        switch shape {
        case .mixed:
            let value = Int(bits % 24)
            return (geometric(mixedRatios[value], using: &random), UInt8(value))
        case .allClasses:
            let value = Int(bits % 64)
            return (geometric(Double(value + 1) / 66, using: &random), UInt8(value))
        case .keyframe:
            let value = Int(bits % 20)
            return (wide(8 + Double(value) * 1.6, using: &random), UInt8(value + 7))
        case .zero: return (0, UInt8(bits % 3))
        case .constant: return (-5, 63)
        case .noise: return (Int32(bits % 9) - 4, UInt8(bits >> 32 & 1))
        case .wideNoise: return (Int32(truncatingIfNeeded: bits) >> 14, 8)
        case .heavyTails:
            let level = geometric(0.3, using: &random)
            return (bits % 50 == 0 ? level &<< Int32(bits >> 32 % 20) : level, UInt8(bits >> 16 & 7))
        case .huge: return (Int32(truncatingIfNeeded: bits) >> 2, UInt8(bits >> 40 & 3))
        case .alternating: return (i & 1 == 0 ? 1 : -1, UInt8(i & 3))
        case .fewOutliers: return (bits % 700 == 0 ? Int32(bits >> 40) : 0, 0)
        }
    }

    /// Chances that a magnitude goes one further, such that the entropy rises from .03 to 2.5 bits in even ratios.
    private static let mixedRatios = [
        0.0024, 0.003, 0.0038, 0.0047, 0.0059, 0.0074, 0.0092, 0.0115, 0.0144, 0.018, 0.0225, 0.0281, 0.0352, 0.044,
        0.0552, 0.0692, 0.0866, 0.1084, 0.1354, 0.1691, 0.2108, 0.2622, 0.325, 0.4,
    ]

    /// Two-sided geometric: what a rounded Laplace distribution is, but for its middle.
    static func geometric(_ ratio: Double, using random: inout SplitMix64) -> Int32 {
        var level: Int32 = 0
        while random.uniform() < ratio { level += 1 }
        return random.next() & 1 == 0 ? level : -level
    }

    /// About Laplace with that standard deviation: a mixture of uniform ones, without a logarithm.
    static func wide(_ deviation: Double, using random: inout SplitMix64) -> Int32 {
        var scale = 2 * deviation
        while random.next() & 1 == 0 { scale *= 0.75 }
        while random.next() & 3 == 0 { scale *= 1.5 }
        return Int32(((random.uniform() - random.uniform()) * scale).rounded())
    }
}
