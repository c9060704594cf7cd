/// Tensor values for tests, from a seed.
public enum SeededTensors {
    /// About normal values of the given deviation.
    public static func floats(_ count: Int, seed: UInt64, deviation: Float = 1) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in Float(random.normal()) * deviation }
    }

    /// A training run of one tensor: each step moves every element a little, more where `floats` of the seed are large.
    public static func walk(_ count: Int, steps: Int, seed: UInt64, rate: Float = 0.01) -> [[Float]] {
        var values = floats(count, seed: seed)
        let scales = floats(count, seed: seed &+ 1)
        var random = SplitMix64(seed: seed &+ 2)
        var result = [values]
        for _ in 1..<max(1, steps) {
            for index in values.indices { values[index] += Float(random.normal()) * rate * abs(scales[index]) }
            result.append(values)
        }
        return result
    }

    /// Little-endian bytes.
    public static func bytes(of floats: [Float]) -> [UInt8] { floats.flatMap { LittleEndianBytes.of($0.bitPattern) } }

    /// The upper halves of the bit patterns: BF16, cut instead of rounded.
    public static func bfloat16Bytes(of floats: [Float]) -> [UInt8] {
        floats.flatMap { LittleEndianBytes.of(UInt16($0.bitPattern >> 16)) }
    }
}
