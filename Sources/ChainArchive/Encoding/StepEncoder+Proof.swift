import TensorCodecs
package import FileSystem

extension StepEncoder {
    /// Whether a parameter may be quantized: its optimizer state proves that it is trained, or it moves like a weight.
    ///
    /// The answer follows from this step's original bytes and from what the archive has of the step before, so that it is
    /// the same in a run that is appended to.
    package func isTrained(_ parameter: PlannedParameter, _ bytes: [UInt8]) throws(VarveError) -> Bool {
        if parameter.isProven { return true }
        let weight = parameter.weight
        guard let format = weight.dtype.floatFormat, let predecessor, predecessor.hasForm(of: weight),
            ProofOfTraining(bytes, format: format, shape: weight.shape).looksLikeWeight
        else { return false }
        // What was quantized in the step before was seen to move: its original is gone.
        if let step = predecessor.step, let index = step.weight(weight.identity.name),
            !step.manifest.tensors[index].isOriginal
        {
            return true
        }
        guard let before = try predecessor.weight(weight.identity.name, byteCount: bytes.count) else { return false }
        return ProofOfTraining.hasMoved(bytes, since: before, format: format, shape: weight.shape)
    }
}
