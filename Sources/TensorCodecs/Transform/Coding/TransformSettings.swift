/// The encoder's choices of method `transform`. A decoder needs none of them: what they lead to is stored.
package struct TransformSettings: Sendable, Hashable {
    /// Quantizer step of a weight's change in units of its smoothed root mean square.
    package var stepSize: Double
    /// Keyframe weights: quantizer step in units of the matrix's root mean square.
    package var keyframeStepSize = 1.0 / 8
    /// The same in units of the root mean square change to come, where that is finer.
    package var keyframeChanges = 4.0
    /// Of a keyframe that is made of restored values: the squared error that it shall add, over the one that they have...
    package var rebasedShare = 1.0 / 8
    /// ... and the finest step to that end, in units of the usual one.
    package var finestRebased = 0.5
    /// Of a delta between restored values: the squared error that it may add, over the one that they have.
    package var rebasedDeltaShare = 0.25
    /// A step's squared error is at most so many times the squared change since the step before.
    package var errorBound = 1.0
    /// The smoothed change counts up to so many times the step's own.
    package var largestLag = 2.5
    /// Of the step behind an exact predecessor: the first one behind a base.
    package var firstStepFactor = 0.5
    /// Keyframe weights exactly.
    package var exactKeyframes = false
    /// Keyframe first moments: quantizer step in units of their root mean square after division by sqrt(v).
    package var keyframeMomentStepSize = 1.0
    /// Elementwise residual of the second moment, in quarter octaves; 0 for none.
    package var secondMomentStepSize: Int32 = 0
    /// How far exponents of the second moment must be off before they move.
    package var exponentMoves = ExponentMoves.coarse
    /// First moments: quantizer step in units of the weight's, in displacement. Coarser than the weight, because a resumed
    /// run renews them within some ten steps.
    package var firstMomentStepSize = 2.0
    /// States on their own: quantizer step in units of the root mean square of their rows and columns.
    package var stateStepSize = 1.0
    /// Dead zone: level k takes sizes from k - 1/2 + theta on.
    package var theta = 0.2
    /// Share of the old level when the root mean square change is smoothed in the logarithm.
    package var lag = 0.8
    /// Of a matrix without a second moment: nothing says where the loss is steep, so the step is finer everywhere.
    package var unweightedFactor = 0.5
    /// Vectors are quantized with at most this step size.
    package var vectorStepSize = 1.0
    /// Vectors of a keyframe, in units of their root mean square.
    package var keyframeVectorStepSize = 1.0 / 256
    /// Of the bases of wide matrices; small ones follow the original rule.
    package var rule = BasisRule.original
    /// A matrix is wide with a side beyond this one.
    package var narrowSide = 1023
    /// Or with both beyond this one.
    package var narrowSides = 255
    /// Whether all bases are refreshed as rarely as those of wide matrices.
    package var refreshesRarely = false

    package init(stepSize: Double) { self.stepSize = stepSize }

    /// The rule that a chain of this form has to name, if any.
    func rule(for form: MatrixForm) -> BasisRule? {
        let isWide = form.tiles.contains { tile in
            let sides = (tile.rows.count, tile.columns.count)
            return max(sides.0, sides.1) > narrowSide || min(sides.0, sides.1) > narrowSides
        }
        guard rule.directionsByEight == 0 || isWide, rule.matters(for: form) else { return nil }
        return rule
    }

    /// The quantizer's step in units of the smoothed change.
    func stepSize(of form: MatrixForm, _ change: WeightChange) -> Double {
        var size = form.isVector ? min(stepSize, vectorStepSize) : stepSize
        size *= Self.share(ofSmallChange: change.meanSquare / change.weightMeanSquare)
        // What is lost of the first change of a run is lost of all that it has gained so far.
        if change.isSinceExact { size *= firstStepFactor }
        return size
    }

    /// Where a weight moves by less than some thousandths of its size, the loss falls in proportion to the change, and what
    /// is missing of the change is missing of the gain: steps are finer, down to three quarters of the usual.
    private static func share(ofSmallChange ratio: Double) -> Double {
        // 2 log2 of the change over the weight: -16 at .4 %, -20 at .1 %.
        let octaves = Double(PowerTable.log2(max(ratio, 1e-30), parts: 16)) / 16
        return 0.75 + 0.25 * max(0, min(1, (octaves + 20) / 4))
    }

    /// Whether a keyframe keeps the first moment: where nothing opens with it, it is as dispensable as in every other
    /// step.
    func keepsKeyframeMoment(of form: MatrixForm) -> Bool { rule(for: form)?.opens ?? true }

    /// The largest step in units of the plain one.
    static let largestFactor = 1.25

    /// Whether a delta after `age` others begins a group, with bases that learn from the last one.
    ///
    /// Whoever restores a step finds all bases of its chain anew, so they are refreshed at positions that grow apart: 0, 1, 2,
    /// 3, 4, 6, 8, 11, 15, 20, 27, 36, 48 and so on; and those of wide matrices, which take longest, at 0, 1, 3, 7, 15, 31.
    package func beginsGroup(age: Int, form: MatrixForm) -> Bool {
        let rule = rule(for: form)
        // Without bases a group saves nothing, and its coefficients would have to be kept beside the weight.
        if rule?.directionsByEight == 0 { return true }
        guard rule == nil, !refreshesRarely else { return (age + 1).nonzeroBitCount == 1 }
        var next = 0
        while next < age { next += max(1, (next + 2) / 3) }
        return next == age
    }
}
