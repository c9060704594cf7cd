/// Chooses how a tensor is coded and fits its predictions: the encoder's part.
enum LosslessChoice {
    /// - Parameter companion: the second moment of a first one.
    /// - Throws: `.invalidArgument`, `.outOfMemory`.
    static func plan(_ tensor: LosslessTensor, companion: LosslessTensor?) throws(CodecError) -> LosslessPlan {
        guard case .float(let format) = tensor.format, tensor.bytes.count >= smallest,
            var plan = residualPlan(tensor, format, companion: companion)
        else { return try planes(tensor) }
        plan.format = format
        plan.count = tensor.bytes.count / format.elementSize
        if try !isWorthwhile(plan, tensor, companion) { return try planes(tensor) }
        return plan
    }

    /// Below so many bytes nothing is gained.
    private static let smallest = 16

    static func planes(_ tensor: LosslessTensor) throws(CodecError) -> LosslessPlan {
        var plan = LosslessPlan(.planes)
        let size = tensor.format.size
        let alone = try ExactCodec.encode(tensor.bytes, elementSize: size, predecessor: nil)
        plan.planes = alone[...]
        if let previous = tensor.previous {
            let against = try ExactCodec.encode(tensor.bytes, elementSize: size, predecessor: previous)
            if against.count < alone.count {
                plan.planes = against[...]
                plan.depth = 1
            }
        }
        return plan
    }

    private static func residualPlan(
        _ tensor: LosslessTensor, _ format: FloatFormat, companion: LosslessTensor?
    ) -> LosslessPlan? {
        let words = words(tensor.bytes, format)
        if format == .f64, words.contains(WordForm.outside) { return nil }
        let form = MatrixForm(tensor.shape)
        let columns = form.isVector ? 0 : form.columns
        let previous = tensor.previous.map { Self.words($0, format) }
        switch tensor.kind {
        case .secondMoment where SecondMomentFit.isPossible(words):
            var plan = LosslessPlan(.secondMoment)
            let usable = previous.flatMap { SecondMomentFit.isPossible($0) ? $0 : nil }
            plan.second = SecondMomentFit(words, previous: usable, columns: columns).model
            plan.depth = plan.second.depth
            return plan
        case .firstMoment where companion != nil:
            var plan = LosslessPlan(.firstMoment)
            let values = words.map { Float(bitPattern: $0).isFinite ? Float(bitPattern: $0) : 0 }
            plan.first.scale = values.withUnsafeBufferPointer { LogScale.fit($0, columns: columns) }
            plan.companion = tensor.companion
            return plan
        default:
            var plan = LosslessPlan(.values)
            plan.value =
                ValueFit(
                    words, previous: previous, earlier: tensor.earlier.map { Self.words($0, format) },
                    columns: columns, format
                ).model
            plan.depth = plan.value.depth
            return plan
        }
    }

    static func words(_ bytes: [UInt8], _ format: FloatFormat) -> [UInt32] {
        let count = bytes.count / format.elementSize
        return [UInt32](unsafeUninitializedCapacity: count) { output, filled in
            bytes.withUnsafeBytes { bytes in
                guard let base = output.baseAddress else { return }
                WordForm.words(bytes, format, 0..<count, to: base)
            }
            filled = count
        }
    }

    // MARK: Against byte planes

    /// Elements tried.
    private static let sample = 1 << 13

    /// Whether residuals beat byte planes on a sample from the middle.
    private static func isWorthwhile(
        _ plan: LosslessPlan, _ tensor: LosslessTensor, _ companion: LosslessTensor?
    ) throws(CodecError) -> Bool {
        let size = plan.format.elementSize
        let count = min(plan.count, sample)
        let start = (plan.count - count) / 2
        let bytes = start * size..<(start + count) * size
        var planes = try ExactCodec.encode(Array(tensor.bytes[bytes]), elementSize: size, predecessor: nil).count
        if let previous = tensor.previous {
            planes = min(
                planes,
                try ExactCodec.encode(
                    Array(tensor.bytes[bytes]), elementSize: size, predecessor: Array(previous[bytes])
                ).count)
        }
        let buffers = ResidualBuffers(capacity: count)
        let source = LosslessSource(tensor, companion: companion)
        buffers.count = count
        source.predict(plan, buffers, at: 0, start..<start + count)
        tensor.bytes.withUnsafeBytes { WordForm.words($0, plan.format, start..<start + count, to: buffers.words) }
        var writer = ByteWriter()
        let rule = LosslessMode.groups.first { $0.mode == plan.mode }?.rule ?? .byPrecision
        _ = try ResidualChunk.encode(
            buffers, [ResidualChunk.Piece(range: 0..<count, grid: FloatGrid(plan.format))], rule, to: &writer)
        // Tables are shared with others, or weigh little in the whole.
        let tables = 100
        let lows = plan.format == .f64 ? count * 4 : 0
        return writer.count + lows < planes + tables && writer.count < count * size + tables
    }
}

extension LosslessSource {
    init(_ tensor: LosslessTensor, companion: LosslessTensor?) {
        previous = tensor.previous
        earlier = tensor.earlier
        if let companion, case .float(let format) = companion.format {
            self.companion = (companion.bytes, format)
        }
    }
}
