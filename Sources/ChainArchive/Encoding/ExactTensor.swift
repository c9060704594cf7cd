package import TensorCodecs

/// A tensor on its way into a lossless group, with what a decoder will have of it before.
package struct ExactTensor: Sendable {
    package var planned: PlannedTensor
    package var bytes: [UInt8]
    package var hash: Hash128
    /// Its bytes in the step before, where it had the same form.
    package var previous: [UInt8]?
    /// The same of one more step back.
    package var earlier: [UInt8]?
    package var statistics: TensorStatistics
    /// How many steps have to be decoded, one after the other, before `previous` is there.
    package var chainLength = 0

    /// For the coder.
    /// - Parameter companion: position in the lossless group of the second moment that belongs to this first one.
    package func coded(companion: Int?) -> LosslessTensor {
        let kind: LosslessTensor.Kind =
            switch planned.identity.role {
            case .weight: .weight
            case .firstMoment: .firstMoment
            case .secondMoment: .secondMoment
            // amsgrad's maximum of second moments looks like one.
            case .other: planned.identity.key == TensorIdentity.maximumKey ? .secondMoment : .other
            }
        let form = planned.dtype.losslessForm(planned.shape)
        return LosslessTensor(
            kind: kind, format: form.format, shape: form.shape, bytes: bytes, previous: previous, earlier: earlier,
            companion: companion, decay: planned.decay, chainLength: chainLength)
    }
}
