/// A parameter as method `transform` takes it: this step's original values, and what a decoder has of the step before.
package struct ParameterInput: Sendable {
    /// What the values that are given lack of the original.
    package enum Lacking: Sendable {
        /// They are the original.
        case nothing
        /// They were restored from an archive, which keeps a sketch of it.
        case sketch(StoredSketch)
        /// They were restored from an archive that does not tell.
        case unknown
    }

    package var form: MatrixForm
    package var format: FloatFormat
    package var weight: [UInt8]
    /// Restored bytes of the step before; `nil` in a keyframe.
    package var previous: [UInt8]?
    /// Squared error of `previous`, as recorded.
    package var previousError = 0.0
    /// The chain's state after the step before; `nil` where that step was stored exactly or there is none.
    package var state: TransformState?
    /// Where `previous` was stored exactly: its first moment, if that was too.
    package var initialDirections: [Float] = []
    package var first: MomentTensor?
    package var second: MomentTensor?
    /// amsgrad's maximum of the second moments.
    package var maximum: MomentTensor?
    package var firstMomentScale = FirstMomentScale.unknown
    /// Root mean square of the change that the next checkpoint is likely to bring; `nil` if nothing tells.
    package var expectedChange: Double?
    /// 2^(-1/4 log2 of the tensor's mean second moment against that of the model), before it is capped.
    package var quantizerScale = 1.0
    /// Of `weight`.
    package var lacking = Lacking.nothing
    /// Squared error of `weight` against the original, as recorded; 0 where it is the original.
    package var archivedError = 0.0
    /// Squared change of the original since the step before, as recorded; `nil` where nothing of the kind was.
    package var recordedChange: Double?
    /// Exponents of the second moment, and of amsgrad's maximum, where those were restored from these.
    package var exponents: [RankOneExponents] = []

    package init(form: MatrixForm, format: FloatFormat, weight: [UInt8]) {
        self.form = form
        self.format = format
        self.weight = weight
    }
}
