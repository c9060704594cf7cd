import TensorFiles
import TensorCodecs
import FileSystem

/// One parameter by method `excp`. Each pass goes over blocks, and does at once what can be done while they are in the
/// cache; nothing as large as a tensor is made but its indices.
extension StepEncoder {
    /// A moment as it was read.
    private struct Moment {
        var tensor: PlannedTensor
        var bytes: UnsafeRawBufferPointer
        var format: FloatFormat
        var values: UnsafeBufferPointer<Float>
        var scan: MomentScan
    }

    /// Elements of a block.
    private static let block = 4096
    /// Elements that are read from a file at a time, to be looked at before they leave the cache; a multiple of eight.
    private static let readBlock = 1 << 15

    /// Quantizes one parameter and keeps what a decoder will have of it; `nil` where it was stored exactly instead.
    func quantize(
        _ parameter: PlannedParameter, _ settings: ExcpSettings, position: Int, into result: inout EncodedUnit
    ) throws(VarveError) -> QuantizedParameter? {
        guard let format = parameter.weight.dtype.floatFormat, predecessor?.hasForm(of: parameter.weight) == true else {
            try encodeUnquantizable(parameter, bytes: parameter.weight.read(), into: &result)
            return nil
        }
        return try workspaces.withWorkspace { (workspace) throws(VarveError) in
            try quantize(parameter, format, settings, position: position, in: workspace, into: &result)
        }
    }

    private func quantize(
        _ parameter: PlannedParameter, _ format: FloatFormat, _ settings: ExcpSettings, position: Int,
        in workspace: ExcpWorkspace, into result: inout EncodedUnit
    ) throws(VarveError) -> QuantizedParameter? {
        let weight = parameter.weight, name = weight.identity.name
        let bytes = workspace.bytes(.weight, weight.range.count), before = workspace.bytes(.predecessor, bytes.count)
        let original = UnsafeRawBufferPointer(bytes)
        try weight.read(at: 0, into: bytes)
        guard try predecessor?.readWeight(name, into: before) == true else {
            try encodeUnquantizable(parameter, bytes: Array(bytes), into: &result)
            return nil
        }
        if !parameter.isProven, try !isTrained(parameter, Array(bytes)) {
            try encodeUnquantizable(parameter, bytes: Array(bytes), into: &result)
            return nil
        }
        let residual = workspace.floats(.residual, format.count(original))
        let scan = ResidualScan(
            weight: original, predecessor: UnsafeRawBufferPointer(before), format: format, into: residual,
            room: workspace.floats(.first, residual.count / 4 + Self.block))
        guard scan.isFinite, !scan.isUnchanged else {
            let isFinite = !format.hasNonFinite(original) && !format.hasNonFinite(UnsafeRawBufferPointer(before))
            if isFinite, !scan.isUnchanged {
                result.notes.append("\(name): a change beyond the range of float32; stored exactly")
            }
            try encodeUnquantizable(parameter, bytes: Array(bytes), into: &result)
            return nil
        }

        var first = try moment(parameter.firstMoment, .first, .firstValues, workspace)
        var second = try moment(parameter.secondMoment, .second, .secondValues, workspace)
        if first?.scan.isUsable == false || second?.scan.isUsable == false {
            result.notes.append("\(name): NaN, infinity or values out of range in the moments; stored exactly")
            for moment in [first, second].compactMap({ $0 }) {
                try encodeTensorExactly(moment.tensor, bytes: Array(moment.bytes), into: &result)
            }
            (first, second) = (nil, nil)
        }

        let quantizer = ExcpQuantizer(settings: settings)
        var tensor = ExcpTensor(
            weight: quantizer.weights(
                residual, median: scan.median, second: second?.values, meanSecond: second?.scan.mean ?? 0))
        let energy = changeEnergy(weight, bytes: original, restoredBefore: UnsafeRawBufferPointer(before))
        guard let restored = restore(tensor.weight, original, format, before) else {
            result.notes.append("\(name): values at the end of \(weight.dtype.rawValue)'s range; stored exactly")
            try encodeTensorExactly(weight, bytes: Array(bytes), into: &result)
            for moment in [first, second].compactMap({ $0 }) {
                try encodeTensorExactly(moment.tensor, bytes: Array(moment.bytes), into: &result)
            }
            try encodeCopiesExactly(of: parameter, into: &result)
            return nil
        }
        result.sourceBytes += bytes.count
        try store?.put(.tensor(weight.identity), UnsafeRawBufferPointer(before))
        if !parameter.copies.isEmpty {
            try encodeCopies(
                of: parameter, original: Array(original), restored: Array(before), position: position, into: &result)
        }
        var records = [
            weight.record(
                .excp(quantizedGroup: 0, index: position), hash: restored.hash,
                statistics: TensorStatistics(
                    squaredError: restored.error.squared, largestError: restored.error.maximum,
                    referenceEnergy: energy, prunedCount: tensor.weight.prunedCount))
        ]
        if let first {
            // Residual and weight are done with.
            (tensor.first, tensor.second) = quantizer.moments(
                first.values, second?.values, meanFirst: first.scan.mean, weights: tensor.weight.indices,
                room: residual, more: workspace.floats(.weight, residual.count))
        }
        for (moment, quantized) in [(first, tensor.first), (second, tensor.second)] {
            guard let moment, let quantized else { continue }
            result.sourceBytes += moment.bytes.count
            records.append(record(moment, quantized, position: position, workspace))
        }
        return QuantizedParameter(tensor: tensor, records: records)
    }

    /// Stores a parameter exactly, and says so where that is not what one would expect.
    private func encodeUnquantizable(
        _ parameter: PlannedParameter, bytes: [UInt8], into result: inout EncodedUnit
    ) throws(VarveError) {
        if let format = parameter.weight.dtype.floatFormat, format.hasNonFinite(bytes) {
            result.notes.append("\(parameter.weight.identity.name): NaN or infinity in the weight; stored exactly")
        }
        try encodeParameterExactly(parameter, weightBytes: bytes, into: &result)
    }

    private func moment(
        _ tensor: PlannedTensor?, _ slot: ExcpWorkspace.Slot, _ values: ExcpWorkspace.Slot,
        _ workspace: ExcpWorkspace
    ) throws(VarveError) -> Moment? {
        guard let tensor else { return nil }
        guard let format = tensor.dtype.floatFormat else {
            throw VarveError(.unsupported, "a moment that is no float", tensor: tensor.identity.name)
        }
        let bytes = workspace.bytes(slot, tensor.range.count), size = format.elementSize
        let count = format.count(UnsafeRawBufferPointer(bytes))
        let floats = format == .f32 ? bytes.bindMemory(to: Float.self) : workspace.floats(values, count)
        var scan = MomentScan(format, magnitudes: slot == .first)
        var start = 0
        while start < count {
            let end = min(start + Self.readBlock, count)
            let part = UnsafeMutableRawBufferPointer(rebasing: bytes[start * size..<end * size])
            try tensor.read(at: start * size, into: part)
            scan.add(UnsafeRawBufferPointer(part), values: UnsafeMutableBufferPointer(rebasing: floats[start..<end]))
            start = end
        }
        return Moment(
            tensor: tensor, bytes: UnsafeRawBufferPointer(bytes), format: format,
            values: UnsafeBufferPointer(floats), scan: scan)
    }

    /// Turns a predecessor into the restored weight; `nil` where that is not finite everywhere.
    private func restore(
        _ role: ExcpRole, _ original: UnsafeRawBufferPointer, _ format: FloatFormat,
        _ predecessor: UnsafeMutableRawBufferPointer
    ) -> (hash: Hash128, error: ErrorMeasure)? {
        let table = ResidualTable(role.codebook), size = format.elementSize
        let hash = Hash128Stream()
        var errors = ErrorSums()
        role.indices.withUnsafeBufferPointer { indices in
            var start = 0
            while start < indices.count {
                let end = min(start + Self.block, indices.count)
                let target = UnsafeMutableRawBufferPointer(rebasing: predecessor[start * size..<end * size])
                let restored = UnsafeRawBufferPointer(target)
                ResidualCodec.restore(
                    predecessor: restored, indices: UnsafeBufferPointer(rebasing: indices[start..<end]),
                    table: table, format: format, into: target)
                errors.add(
                    UnsafeRawBufferPointer(rebasing: original[start * size..<end * size]), restored, format: format)
                hash.add(restored)
                start = end
            }
        }
        let error = errors.measure
        // A value that is not finite makes the sum so too; squares of large float64 do as well.
        if !error.squared.isFinite, format.hasNonFinite(UnsafeRawBufferPointer(predecessor)) { return nil }
        return (hash.hash, error)
    }

    /// The record of a quantized moment.
    private func record(
        _ moment: Moment, _ role: ExcpRole, position: Int, _ workspace: ExcpWorkspace
    ) -> TensorRecord {
        let table = RestoredTable(role.codebook, moment.format), size = moment.format.elementSize
        let room = workspace.bytes(.block, Self.block * size)
        let hash = Hash128Stream()
        var errors = ErrorSums()
        role.indices.withUnsafeBufferPointer { indices in
            var start = 0
            while start < indices.count {
                let end = min(start + Self.block, indices.count)
                let target = UnsafeMutableRawBufferPointer(rebasing: room[..<((end - start) * size)])
                table.restore(UnsafeBufferPointer(rebasing: indices[start..<end]), into: target)
                errors.add(
                    UnsafeRawBufferPointer(rebasing: moment.bytes[start * size..<end * size]),
                    UnsafeRawBufferPointer(target), format: moment.format)
                hash.add(UnsafeRawBufferPointer(target))
                start = end
            }
        }
        let error = errors.measure
        return moment.tensor.record(
            .excp(quantizedGroup: 0, index: position), hash: hash.hash,
            statistics: TensorStatistics(
                squaredError: error.squared, largestError: error.maximum, referenceEnergy: moment.scan.energy,
                prunedCount: role.prunedCount))
    }
}
