/// A quantized parameter: what will be packed, and what a decoder will restore from it.
package struct EncodedParameter: Sendable {
    package var header: TransformHeader
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
    /// Mean square of the change since the step before, of the original; `nil` in a keyframe.
    package var change: WeightChange?
    /// Sum of squares of the change since the chain began; 0 where it begins.
    package var changeSinceStart = 0.0
    /// Of a weight that was itself restored, an estimate of the sum of the products of what it lacks of the original and of
    /// what is restored now lacks of it; `nil` where nothing tells.
    package var overlap: Double?
    /// Levels that are not zero.
    var nonzeroLevels = 0
    package var zeroLevels: Int { levels.count - nonzeroLevels }
}
