/// A quantized parameter: what will be packed, and what a decoder will restore from it.
package struct TransformMember: Sendable {
    package var step: TransformStep
    /// Levels and their classes, tile after tile; empty for `hold`.
    var levels: [Int32] = []
    var classes: [UInt8] = []
    /// How the coefficients' energies differ from what the bases predict.
    var energySymbols: [Int32] = []
    /// The keyframe's first moment.
    var momentLevels: [Int32] = []
    /// Differences of exponents, for every exponent tensor in turn.
    var exponentSymbols: [[Int32]] = []
    /// Whether they are differences to the step before.
    var hadExponents: [Bool] = []
    var moments = TransformMoments()
    /// The chain's state after this step.
    package var state: TransformState
    /// Restored bytes.
    package var weight: [UInt8]
    package var first: [UInt8]?
    package var second: [UInt8]?
    package var maximum: [UInt8]?
    package var zeroLevels: Int {
        levels.withUnsafeBufferPointer { levels in
            var zeros = 0, start = 0
            while start < levels.count {
                // Counted in as many bits as a level has, so that the loop runs over vectors of both.
                let end = min(start + 1 << 16, levels.count)
                var found: Int32 = 0
                for index in start..<end { found &+= levels[index] == 0 ? 1 : 0 }
                zeros += Int(found)
                start = end
            }
            return zeros
        }
    }
}
