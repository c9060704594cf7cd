/// The part of a parameter's moments that no later step builds on.
package struct TransformMoments: Sendable {
    /// First moment of a step that is no keyframe.
    package enum First: Sendable, Hashable {
        /// There is none, or the keyframe's header has it.
        case none
        /// Restored as zero: its displacement lies below the weight's step.
        case zero
        case levels(AdamUpdate, stepSize: Int64, DeadZone.Centroids)
    }
    var first = First.none
    var firstLevels: [Int32] = []
    /// Quarter octaves of the second moment's residual; 0 for none.
    var secondStepSize: Int32 = 0
    var secondLevels: [Int32] = []
}
