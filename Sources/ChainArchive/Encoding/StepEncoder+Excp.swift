package import TensorCodecs
package import FileSystem

extension StepEncoder {
    /// Quantizes the parameters of a quantized group, packs them together, and restores them as a decoder will.
    ///
    /// Parameters that have no predecessor of their type and shape, hold NaN or infinity, or have not changed leave the
    /// quantized group and are stored exactly, moments included.
    package func encodeExcp(
        _ parameters: [PlannedParameter], with settings: ExcpSettings, into result: inout EncodedUnit
    ) throws(VarveError) {
        var quantized: [QuantizedParameter] = []
        for parameter in parameters {
            if let member = try quantize(parameter, settings, position: quantized.count, into: &result) {
                quantized.append(member)
            }
        }
        guard !quantized.isEmpty else { return }
        do throws(CodecError) {
            let tensors = quantized.map(\.tensor)
            let weights = try ExcpPacking.packWeights(tensors)
            let hasMoments = quantized.contains { $0.tensor.first != nil }
            let moments = hasMoments ? try ExcpPacking.packMoments(tensors) : nil
            result.quantizedGroup = (
                settings: .excp(settings), weights: result.add(weights.bytes),
                moments: moments.map { result.add($0.bytes) }
            )
            for (position, member) in quantized.enumerated() {
                for var record in member.records {
                    switch record.role {
                    case .weight: record.statistics.storedBytes = weights.shares[position].total
                    case .firstMoment: record.statistics.storedBytes = moments?.shares[position].first ?? 0
                    default: record.statistics.storedBytes = moments?.shares[position].second ?? 0
                    }
                    result.tensors.append(record)
                }
            }
        } catch {
            throw VarveError(
                .inputOutput, "packing failed", tensor: parameters.first?.weight.identity.name, cause: error)
        }
    }

    /// Stores a weight and its moments exactly.
    package func encodeParameterExactly(
        _ parameter: PlannedParameter, weightBytes: [UInt8], into result: inout EncodedUnit
    ) throws(VarveError) {
        try encodeTensorExactly(parameter.weight, bytes: weightBytes, into: &result)
        for other in parameter.tensors.dropFirst() {
            try encodeTensorExactly(other, bytes: other.read(), into: &result)
        }
    }
}
