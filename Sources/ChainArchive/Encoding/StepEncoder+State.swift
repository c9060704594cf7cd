import TensorCodecs
package import FileSystem

/// States of an optimizer that are quantized on their own.
extension StepEncoder {
    /// Stores a tensor of which a resumed run does not need every bit, if it is one; any other one exactly.
    package func encodeTensor(
        _ tensor: PlannedTensor, bytes: [UInt8], into result: inout EncodedUnit
    ) throws(VarveError) {
        guard case .transform(let settings, _) = method, predecessor != nil || !settings.exactKeyframes,
            let need = tensor.need, let format = tensor.dtype.floatFormat,
            let encoded = SingleStateEncoder(settings: settings).encode(
                MomentTensor(bytes: bytes, format: format), MatrixForm(tensor.shape), need: need)
        else { return try encodeTensorExactly(tensor, bytes: bytes, into: &result) }
        let packed: [UInt8]
        do throws(CodecError) {
            packed = try encoded.state.packed()
        } catch {
            throw VarveError(.inputOutput, "packing failed", tensor: tensor.identity.name, cause: error)
        }
        let error = ResidualCodec.error(bytes, encoded.restored, format: format)
        result.sourceBytes += bytes.count
        result.states[result.tensors.count] = result.add(packed)
        result.tensors.append(
            tensor.record(
                .state(.dropped), hash: Hash128(encoded.restored),
                statistics: TensorStatistics(
                    squaredError: error.squared, largestError: error.maximum,
                    referenceEnergy: ResidualCodec.energy(bytes, format: format),
                    prunedCount: format.zeroCount(encoded.restored), storedBytes: packed.count)))
    }
}
