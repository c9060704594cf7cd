import TensorCodecs
package import FileSystem

/// Tensors that are a weight's values under another name or in another type: they follow the restored weight, so that the
/// two never contradict each other.
extension StepEncoder {
    /// Records the copies of a quantized weight. One that is not the weight's values after all is stored exactly.
    /// - Parameters:
    ///   - original, restored: bytes of the weight.
    ///   - position: of the weight in the unit's quantized group.
    package func encodeCopies(
        of parameter: PlannedParameter, original: [UInt8], restored: [UInt8], position: Int,
        into result: inout EncodedUnit
    ) throws(VarveError) {
        for copy in parameter.copies {
            let bytes = try copy.read()
            guard let source = parameter.weight.dtype.floatFormat, let format = copy.dtype.floatFormat,
                format.rounding(original, of: source) == bytes
            else {
                try encodeTensorExactly(copy, bytes: bytes, into: &result)
                continue
            }
            let followed = format.rounding(restored, of: source)
            guard !format.hasNonFinite(followed) else {
                try encodeTensorExactly(copy, bytes: bytes, into: &result)
                continue
            }
            let error = ResidualCodec.error(bytes, followed, format: format)
            result.sourceBytes += bytes.count
            var planned = copy
            planned.identity = copy.identity.ofCopy
            result.tensors.append(
                planned.record(
                    .copy(quantizedGroup: 0, index: position), hash: Hash128(followed),
                    statistics: TensorStatistics(
                        squaredError: error.squared, largestError: error.maximum,
                        referenceEnergy: ResidualCodec.energy(bytes, format: format))))
        }
    }

    /// Stores the copies of a weight that is itself stored exactly.
    package func encodeCopiesExactly(of parameter: PlannedParameter, into result: inout EncodedUnit) throws(VarveError)
    {
        for copy in parameter.copies { try encodeTensorExactly(copy, bytes: copy.read(), into: &result) }
    }
}
