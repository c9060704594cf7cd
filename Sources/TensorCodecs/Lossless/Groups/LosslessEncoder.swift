/// Writes a lossless group.
struct LosslessEncoder {
    private var writer = ByteWriter()
    /// Bits each tensor takes, nearly.
    private var weights: [UInt64] = []

    static func encode(_ tensors: [LosslessTensor]) throws(CodecError) -> LosslessGroup.Packed {
        let plans = try plans(tensors)
        var encoder = LosslessEncoder()
        // Room for what is kept at most, so that nothing is copied while it grows.
        encoder.writer = ByteWriter(capacity: tensors.reduce(1 << 10) { $0 + $1.bytes.count })
        let packed = try encoder.encode(tensors, plans)
        // Samples can mislead: never more than the tensors themselves. And what readers would refuse is not written.
        let isShort = packed.bytes.count <= tensors.reduce(0) { $0 + $1.bytes.count }
        guard !isShort || !isReadable(packed, tensors), plans.contains(where: { $0.mode != .planes }) else {
            return packed
        }
        encoder = LosslessEncoder()
        var others: [LosslessPlan] = []
        for tensor in tensors { others.append(try LosslessChoice.planes(tensor)) }
        return try encoder.encode(tensors, others)
    }

    /// With predecessors, where they are worth it for all tensors together: a group is decoded in one go.
    private static func plans(_ tensors: [LosslessTensor]) throws(CodecError) -> [LosslessPlan] {
        var plans: [LosslessPlan] = [], alone: [LosslessPlan] = []
        for (index, tensor) in tensors.enumerated() {
            plans.append(try LosslessChoice.plan(tensor, companion: companion(of: tensor, index, in: tensors)))
        }
        guard plans.contains(where: { $0.depth > 0 }) else { return plans }
        for (index, tensor) in tensors.enumerated() {
            guard plans[index].depth > 0 else {
                alone.append(plans[index])
                continue
            }
            var tensor = tensor
            (tensor.previous, tensor.earlier) = (nil, nil)
            alone.append(try LosslessChoice.plan(tensor, companion: companion(of: tensor, index, in: tensors)))
        }
        return try ChainWorth.isWorthwhile(tensors, plans, alone: alone) ? plans : alone
    }

    /// The tensor before it that its values can be predicted from.
    static func companion(of tensor: LosslessTensor, _ index: Int, in tensors: [LosslessTensor]) -> LosslessTensor? {
        let companion = tensor.companion.flatMap { $0 < index ? tensors[$0] : nil }
        return companion.flatMap { $0.canAccompany(tensor) ? $0 : nil }
    }

    /// Whether the rules of headers hold, as a reader checks them.
    private static func isReadable(_ packed: LosslessGroup.Packed, _ tensors: [LosslessTensor]) -> Bool {
        let members = zip(tensors, packed.depths).map { tensor, depth in
            LosslessGroup.Member(
                format: tensor.format, shape: tensor.shape, previous: depth > 0 ? tensor.previous : nil,
                earlier: depth > 1 ? tensor.earlier : nil)
        }
        var decoder = LosslessDecoder(members)
        var reader = ByteReader(packed.bytes)
        return (try? decoder.readHeaders(&reader)) != nil
    }

    private mutating func encode(
        _ tensors: [LosslessTensor], _ plans: [LosslessPlan]
    ) throws(CodecError) -> LosslessGroup.Packed {
        weights = [UInt64](repeating: 8, count: tensors.count)
        for (index, plan) in plans.enumerated() {
            let start = writer.count
            plan.writeHeader(to: &writer)
            weights[index] += UInt64(writer.count - start) * 8
        }
        try writeScales(plans)
        for (index, plan) in plans.enumerated() {
            let start = writer.count
            if let changed = plan.changed { try ChangeMap.encode(changed, count: plan.count, to: &writer) }
            if plan.isResidual, plan.format == .f64 { try writeLows(tensors[index].bytes) }
            weights[index] += UInt64(writer.count - start) * 8
        }
        for group in LosslessMode.groups { try write(group.mode, group.rule, plans, tensors) }
        return LosslessGroup.Packed(
            bytes: writer.bytes, shares: ByteShares.split(writer.count, by: weights), depths: plans.map(\.depth))
    }

    /// Exponents of all tensors in one stream, each but a tensor's first as the difference from the one before.
    private mutating func writeScales(_ plans: [LosslessPlan]) throws(CodecError) {
        var levels: [Int32] = [], classes: [UInt8] = [], segments: [Int] = []
        for plan in plans {
            let start = levels.count
            plan.scaleLevels(&levels, &classes)
            segments.append(levels.count - start)
        }
        let packed = try RansCoder.encode(levels, classes: classes, segments: segments)
        writer.append(varint: packed.bytes.count)
        writer.append(contentsOf: packed.bytes)
        for (index, share) in packed.shares.enumerated() { weights[index] += UInt64(share) * 8 }
    }

    /// The 29 bits that words of float64 lack, in byte planes.
    private mutating func writeLows(_ bytes: [UInt8]) throws(CodecError) {
        let count = bytes.count / 8
        let lows = [UInt8](unsafeUninitializedCapacity: count * 4) { output, filled in
            let output = UnsafeMutableRawBufferPointer(output)
            bytes.withUnsafeBytes { bytes in
                for i in 0..<count {
                    let low = UInt32(truncatingIfNeeded: bytes.loadUnaligned(fromByteOffset: i &* 8, as: UInt64.self))
                    output.storeBytes(of: low & WordForm.lowMask, toByteOffset: i &* 4, as: UInt32.self)
                }
            }
            filled = count * 4
        }
        let coded = try ExactCodec.encode(lows, elementSize: 4, predecessor: nil)
        writer.append(varint: coded.count)
        writer.append(contentsOf: coded)
    }

    private mutating func write(
        _ mode: LosslessMode, _ rule: ResidualKernel.Classes, _ plans: [LosslessPlan], _ tensors: [LosslessTensor]
    ) throws(CodecError) {
        let chunks = LosslessSlice.chunks(of: plans, mode)
        guard let first = chunks.first else { return }
        let code = ResidualChunkWriter(capacity: LosslessSlice.count(first)), block = ResidualBlock()
        for chunk in chunks {
            for slice in chunk {
                let plan = plans[slice.tensor], tensor = tensors[slice.tensor]
                let source = LosslessSource(tensor, companion: plan.companion.map { tensors[$0] })
                for range in slice.blocks {
                    source.predict(plan, coded: range, block)
                    plan.loadWords(range, of: tensor.bytes, to: block)
                    ResidualKernel.encode(block, plan.format, rule, to: code)
                }
                code.endPiece()
            }
            let bits = try code.finish(to: &writer)
            for (slice, bits) in zip(chunk, bits) { weights[slice.tensor] += bits }
        }
    }
}
