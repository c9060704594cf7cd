package import TensorCodecs
package import TensorFiles

extension ScratchStore {
    /// Keeps a chain's state for the next step.
    package func put(_ state: TransformState, of name: String) throws(VarveError) {
        try put(.state(name), state.serialized())
    }

    /// The state that was kept for a weight of this form; `nil` where there is none.
    package func state(of name: String, form: MatrixForm, format: FloatFormat) throws(VarveError) -> TransformState? {
        guard let bytes = try get(.state(name)) else { return nil }
        do throws(CodecError) {
            return try TransformState(form: form, format: format, serialized: bytes)
        } catch {
            throw VarveError(
                .inputOutput, "the scratch file does not hold what was written", tensor: name, cause: error)
        }
    }

    /// Keeps a restored tensor for the next step, if that may build on it.
    func keep(_ tensor: RestoredTensor, _ record: TensorRecord) throws(VarveError) {
        guard record.identity.isWeight || (contents == .everything && record.coding.isExact) else { return }
        try keep(tensor.bytes, of: record.identity, earlier: tensor.earlier)
    }

    /// Keeps what a step restored of a tensor.
    /// - Parameter earlier: its bytes in the step before, where its own coding has those in it.
    package func keep(_ bytes: [UInt8], of identity: TensorIdentity, earlier: [UInt8]?) throws(VarveError) {
        try put(.tensor(identity), bytes)
        guard contents == .everything, identity.role == .weight, let earlier else { return }
        if earlier == bytes {
            put(.earlier(identity), sameAs: .tensor(identity))
        } else {
            try put(.earlier(identity), earlier)
        }
    }
}
