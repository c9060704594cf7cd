import ChainArchive
import TensorCodecs
import TensorFiles

extension StepEncoder {
    /// A parameter of a bundle after quantization, not yet packed.
    private struct Quantized {
        var parameter: PlannedParameter
        var tensor: ExcpTensor
        var records: [EncodedUnit.Tensor]
    }

    /// Quantizes the parameters of a bundle, packs them together, and restores them as a decoder will.
    ///
    /// Parameters that have no predecessor of their type and shape, hold NaN or infinity, or have not changed leave the bundle and are stored
    /// exactly, moments included.
    func encode(
        _ parameters: [PlannedParameter], with settings: ExcpSettings, into result: inout EncodedUnit
    ) throws(VarveError) {
        var quantized: [Quantized] = []
        for parameter in parameters {
            if let member = try quantize(parameter, settings, place: quantized.count, into: &result) {
                quantized.append(member)
            }
        }
        guard !quantized.isEmpty else { return }
        do throws(CodecError) {
            let tensors = quantized.map(\.tensor)
            let weights = try ExcpPacking.packWeights(tensors)
            let hasMoments = quantized.contains { $0.parameter.firstMoment != nil }
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

    /// Quantizes one parameter; `nil` where it was stored exactly instead.
    private func quantize(
        _ parameter: PlannedParameter, _ settings: ExcpSettings, place: Int, into result: inout EncodedUnit
    ) throws(VarveError) -> Quantized? {
        let weight = parameter.weight
        let bytes = try weight.read()
        guard let format = weight.dtype.floatFormat, predecessor?.hasForm(of: weight) == true,
            let before = try predecessor?.weight(weight.identity.name, byteCount: bytes.count), before != bytes,
            !format.hasNonFinite(bytes), !format.hasNonFinite(before)
        else {
            if let format = weight.dtype.floatFormat, format.hasNonFinite(bytes) {
                result.notes.append("\(weight.identity.name): NaN or infinity in the weight; stored exactly")
            }
            try encodeExactly(parameter, weightBytes: bytes, into: &result)
            return nil
        }
        let residual = ResidualCodec.residual(weight: bytes, predecessor: before, format: format)
        guard residual.allSatisfy(\.isFinite) else {
            result.notes.append("\(weight.identity.name): a change beyond the range of float32; stored exactly")
            try encodeExactly(parameter, weightBytes: bytes, into: &result)
            return nil
        }

        var first = try parameter.firstMoment.map { (tensor) throws(VarveError) in try Moment(tensor) }
        var second = try parameter.secondMoment.map { (tensor) throws(VarveError) in try Moment(tensor) }
        if first?.isFinite == false || second?.isFinite == false {
            result.notes.append(
                "\(weight.identity.name): NaN, infinity or values out of range in the moments; stored exactly")
            for moment in [first, second].compactMap({ $0 }) {
                try encodeExact(moment.tensor, bytes: moment.bytes, into: &result)
            }
            (first, second) = (nil, nil)
        }
        var parameter = parameter
        if first == nil { parameter.firstMoment = nil }
        if second == nil { parameter.secondMoment = nil }

        let tensor = ExcpQuantizer(settings: settings).quantize(
            residual: residual, first: first?.values, second: second?.values)

        let restored = ResidualCodec.restore(tensor.weight, predecessor: before, format: format)
        guard !format.hasNonFinite(restored) else {
            result.notes.append(
                "\(weight.identity.name): values at the end of \(weight.dtype.rawValue)'s range; stored exactly")
            try encodeExact(weight, bytes: bytes, into: &result)
            for moment in [first, second].compactMap({ $0 }) {
                try encodeExact(moment.tensor, bytes: moment.bytes, into: &result)
            }
            return nil
        }
        result.sourceBytes += bytes.count
        try store.put(.tensor(weight.identity), restored)
        let error = ResidualCodec.error(bytes, restored, format: format)
        var records = [
            EncodedUnit.Tensor(
                planned: weight, coding: .bundled(index: place), hash: Hash128(restored),
                statistics: TensorStatistics(
                    squaredError: error.squared, largestError: error.maximum,
                    referenceEnergy: try changeEnergy(weight, bytes: bytes, restoredBefore: before),
                    prunedCount: tensor.weight.prunedCount))
        ]
        for (moment, quantized) in [(first, tensor.first), (second, tensor.second)] {
            guard let moment, let quantized else { continue }
            result.sourceBytes += moment.bytes.count
            let restored = quantized.bytes(moment.format)
            let error = ResidualCodec.error(moment.bytes, restored, format: moment.format)
            records.append(
                EncodedUnit.Tensor(
                    planned: moment.tensor, coding: .bundled(index: place), hash: Hash128(restored),
                    statistics: TensorStatistics(
                        squaredError: error.squared, largestError: error.maximum,
                        referenceEnergy: ResidualCodec.energy(moment.bytes, format: moment.format),
                        prunedCount: quantized.prunedCount)))
        }
        return Quantized(parameter: parameter, tensor: tensor, records: records)
    }

    /// Stores a weight and its moments exactly.
    func encodeExactly(
        _ parameter: PlannedParameter, weightBytes: [UInt8], into result: inout EncodedUnit
    ) throws(VarveError) {
        try encodeExact(parameter.weight, bytes: weightBytes, into: &result)
        for moment in [parameter.firstMoment, parameter.secondMoment, parameter.maximum, parameter.copy].compactMap({
            $0
        }) {
            try encodeExact(moment, bytes: moment.read(), into: &result)
        }
    }

    /// A moment's bytes and values.
    private struct Moment {
        var tensor: PlannedTensor
        var bytes: [UInt8]
        var format: FloatFormat
        var values: [Float]
        var isFinite: Bool

        init(_ tensor: PlannedTensor) throws(VarveError) {
            guard let format = tensor.dtype.floatFormat else {
                throw VarveError(.unsupported, "a moment that is no float", tensor: tensor.identity.name)
            }
            self.tensor = tensor
            self.format = format
            bytes = try tensor.read()
            values = format.floats(bytes)
            // Beyond these a rounded centre could become infinite.
            let limit: Float = format == .f16 ? 6e4 : 3e38
            isFinite = values.allSatisfy { $0.magnitude < limit }
        }
    }
}
