package import FileSystem
package import TensorCodecs

extension ScratchStore {
    /// Keeps a chain's state for the next step, and where the restored weight is part of it, that too.
    package func put(_ state: TransformState, of name: String) throws(VarveError) {
        let bytes = state.serialized()
        try put(.state(name), bytes)
        guard state.isAtBase else { return }
        put(.tensor(.weight(name)), partOf: .state(name), bytes.count - state.base.count..<bytes.count)
    }

    /// The state that was kept for a weight of this form; `nil` where there is none.
    package func state(of name: String, form: MatrixForm, format: FloatFormat) throws(VarveError) -> TransformState? {
        guard let bytes = try get(.state(name)) else { return nil }
        do throws(CodecError) {
            return try TransformState(form: form, format: format, serialized: bytes)
        } catch {
            throw VarveError(
                isFromStateFile ? .originalChanged : .inputOutput, "the scratch file does not hold what was written",
                tensor: name, cause: error)
        }
    }

    /// Keeps a restored tensor for the next step, if that may build on it.
    /// - Parameters:
    ///   - isInFile: whether it stands in a restored file that the store is told of.
    ///   - previous: of the step before.
    func keep(
        _ tensor: RestoredTensor, _ record: TensorRecord, isInFile: Bool, after previous: ScratchStore?
    ) throws(VarveError) {
        let identity = record.identity
        guard isBuiltOn(record) else { return }
        guard isInFile else { return try keep(tensor.bytes, of: identity, earlier: tensor.earlier) }
        guard contents == .everything, identity.role == .weight, let earlier = tensor.earlier else { return }
        if let previous, put(.earlier(identity), sameAs: .tensor(identity), in: previous) { return }
        try put(.earlier(identity), earlier)
    }

    /// Whether a later step may build on a tensor.
    func isBuiltOn(_ record: TensorRecord) -> Bool {
        record.identity.isWeight
            || (record.coding.isExact && contents.hasExact(record.role, pairing: record.statistics.pairing))
    }

    /// Keeps what a step restored of a tensor.
    /// - Parameter earlier: its bytes in the step before, where its own coding has those in it.
    package func keep(_ bytes: [UInt8], of identity: TensorIdentity, earlier: [UInt8]?) throws(VarveError) {
        // A chain's state may hold it already.
        if !contains(.tensor(identity)) { try put(.tensor(identity), bytes) }
        guard contents == .everything, identity.role == .weight, let earlier else { return }
        if earlier == bytes {
            put(.earlier(identity), sameAs: .tensor(identity))
        } else {
            try put(.earlier(identity), earlier)
        }
    }

    /// A part of a value; `nil` where there is none so long.
    package func get(_ key: Key, _ part: Range<Int>) throws(VarveError) -> [UInt8]? {
        var isThere = false
        var failure: VarveError?
        let bytes = [UInt8](unsafeUninitializedCapacity: part.count) { buffer, filled in
            do throws(VarveError) {
                isThere = try read(
                    key, at: part.lowerBound,
                    into: UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[..<part.count]))
                filled = isThere ? part.count : 0
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return isThere ? bytes : nil
    }
}

extension ScratchStore.Contents {
    /// Whether an exact tensor that is no weight is kept. Moments of a parameter are quantized in the next step, if the
    /// method quantizes at all; what no parameter claims stays exact from step to step.
    func hasExact(_ role: Role, pairing: PairingNote) -> Bool {
        self == .everything || role == .other || pairing == .ambiguous
    }
}

/// A restored tensor: its index in the manifest and its bytes, content hash compared.
package struct RestoredTensor: Sendable {
    package var index: Int
    package var bytes: [UInt8]
    /// Its bytes in the step before, where its own coding has those in it.
    var earlier: [UInt8]?
    /// Of a weight: a sketch of what it lacks of the original, where the archive keeps one.
    package var missing: StoredSketch?

    init(index: Int, bytes: [UInt8], earlier: [UInt8]? = nil, missing: StoredSketch? = nil) {
        self.index = index
        self.bytes = bytes
        self.earlier = earlier
        self.missing = missing
    }
}
