package import TensorCodecs
package import FileSystem

extension StepEncoder {
    /// Quantizes the parameters of a bundle, packs them together, and restores them as a decoder will.
    ///
    /// Parameters that have no predecessor of their type and shape, hold NaN or infinity, or have not changed leave the
    /// bundle and are stored exactly, moments included.
    package func encode(
        _ parameters: [PlannedParameter], with settings: ExcpSettings, into result: inout EncodedUnit
    ) throws(VarveError) {
        var quantized: [QuantizedParameter] = []
        for parameter in parameters {
            if let member = try quantize(parameter, settings, place: quantized.count, into: &result) {
                quantized.append(member)
            }
        }
        guard !quantized.isEmpty else { return }
        do throws(CodecError) {
            let tensors = quantized.map(\.tensor)
            let weights = try ExcpPacking.packWeights(tensors)
            let hasMoments = quantized.contains { $0.tensor.first != nil }
            let moments = hasMoments ? try ExcpPacking.packMoments(tensors) : nil
            result.bundle = (
                settings: .excp(settings), weights: result.add(weights.bytes),
                moments: moments.map { result.add($0.bytes) }
            )
            for (place, member) in quantized.enumerated() {
                for var record in member.records {
                    switch record.planned.identity.role {
                    case .weight: record.statistics.storedBytes = weights.shares[place].total
                    case .firstMoment: record.statistics.storedBytes = moments?.shares[place].first ?? 0
                    default: record.statistics.storedBytes = moments?.shares[place].second ?? 0
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
    package func encodeExactly(
        _ parameter: PlannedParameter, weightBytes: [UInt8], into result: inout EncodedUnit
    ) throws(VarveError) {
        try encodeExact(parameter.weight, bytes: weightBytes, into: &result)
        for other in parameter.tensors.dropFirst() { try encodeExact(other, bytes: other.read(), into: &result) }
    }
}
