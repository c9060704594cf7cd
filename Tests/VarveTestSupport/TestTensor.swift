/// A tensor for the makers of test files: contiguous, in its dtype's bytes.
public struct TestTensor: Sendable {
    public var name: String
    /// safetensors' name.
    public var dtype: String
    public var shape: [Int]
    public var bytes: [UInt8]

    public init(_ name: String, dtype: String = "F32", shape: [Int], bytes: [UInt8]) {
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.bytes = bytes
    }

    /// F32 with these values.
    public init(_ name: String, shape: [Int], floats: [Float]) {
        self.init(name, shape: shape, bytes: SeededTensors.bytes(of: floats))
    }

    /// F32 with values from a seed.
    public init(_ name: String, shape: [Int], seed: UInt64) {
        self.init(name, shape: shape, floats: SeededTensors.floats(shape.reduce(1, *), seed: seed))
    }

    /// F32 with values that are mostly the same in every step, as those of one training are.
    public init(_ name: String, shape: [Int], seed: UInt64, step: Int) {
        let count = shape.reduce(1, *)
        let still = SeededTensors.floats(count, seed: seed)
        let moved = SeededTensors.floats(count, seed: seed &+ 1_000_003 &* UInt64(step))
        self.init(name, shape: shape, floats: zip(still, moved).map { $0 + 0.05 * $1 })
    }
}
