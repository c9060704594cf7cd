/// Chooses how a tensor is coded and fits its predictions: the encoder's part.
enum LosslessChoice {
    /// - Parameter companion: the second moment of a first one, the weight of a copy.
    /// - Throws: `.invalidArgument`, `.outOfMemory`.
    static func plan(_ tensor: LosslessTensor, companion: LosslessTensor?) throws(CodecError) -> LosslessPlan {
        guard tensor.bytes.count >= smallest else { return try planes(tensor) }
        guard case .float(let format) = tensor.format else { return try smallest(planes(tensor), bytes(tensor)) }
        if let copy = roundedPlan(tensor, format, of: companion) { return copy }
        guard let plan = residualPlan(tensor, format, companion: companion) else { return try planes(tensor) }
        guard isDoubtful(tensor, format) else { return plan }
        let trial = LosslessTrial(tensor, format, companion: companion)
        var (best, least) = (plan, try trial.size(of: plan))
        if let sparse = changesPlan(tensor, format) {
            let size = try trial.size(of: sparse)
            if size < least { (best, least) = (sparse, size) }
        }
        return try trial.sizeInPlanes() <= least ? planes(tensor) : best
    }

    /// The one with fewer bytes.
    private static func smallest(_ planes: LosslessPlan, _ bytes: LosslessPlan?) -> LosslessPlan {
        guard let bytes, bytes.planes.count < planes.planes.count else { return planes }
        return bytes
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

    /// Nothing but an index, where the tensor is another one rounded.
    private static func roundedPlan(
        _ tensor: LosslessTensor, _ format: FloatFormat, of companion: LosslessTensor?
    ) -> LosslessPlan? {
        guard tensor.kind == .weight, let companion, companion.format == .float(.f32), format != .f32,
            companion.bytes.count / 4 == tensor.bytes.count / format.elementSize,
            format.bytes(FloatFormat.f32.floats(companion.bytes)) == tensor.bytes
        else { return nil }
        var plan = LosslessPlan(.rounded)
        plan.format = format
        plan.count = tensor.bytes.count / format.elementSize
        plan.companion = tensor.companion
        return plan
    }

    /// Differences of bytes, where elements are bytes.
    private static func bytes(_ tensor: LosslessTensor) throws(CodecError) -> LosslessPlan? {
        guard tensor.format.size == 1 else { return nil }
        let isFloat = tensor.format == .smallFloat
        var plan = LosslessPlan(.bytes)
        plan.planes = try ByteDifferences.encode(tensor.bytes, previous: nil, isFloat: isFloat)[...]
        if let previous = tensor.previous {
            let against = try ByteDifferences.encode(tensor.bytes, previous: previous, isFloat: isFloat)
            if against.count < plan.planes.count {
                plan.planes = against[...]
                plan.depth = 1
            }
        }
        return plan
    }

    /// Only the elements that changed, where there are others.
    private static func changesPlan(_ tensor: LosslessTensor, _ format: FloatFormat) -> LosslessPlan? {
        guard let previous = tensor.previous, format != .f64, tensor.kind != .firstMoment else { return nil }
        guard tensor.bytes.count <= Int(Int32.max) else { return nil }
        let form = MatrixForm(tensor.shape)
        var plan = LosslessPlan(.values)
        plan.format = format
        plan.count = tensor.bytes.count / format.elementSize
        plan.depth = 1
        plan.value.depth = 1
        tensor.bytes.withUnsafeBytes { bytes in
            previous.withUnsafeBytes { old in
                let words = TensorWords(bytes, format), old = TensorWords(old, format)
                var changed: [Int32] = []
                for i in 0..<words.count where words[i] != old[i] { changed.append(Int32(i)) }
                plan.changed = changed
                plan.value.scale = LogScale.fit(
                    changes: changed, words, old, columns: form.isVector ? 0 : form.columns)
            }
        }
        return plan
    }

    private static func residualPlan(
        _ tensor: LosslessTensor, _ format: FloatFormat, companion: LosslessTensor?
    ) -> LosslessPlan? {
        let form = MatrixForm(tensor.shape)
        let columns = form.isVector ? 0 : form.columns
        return tensor.bytes.withUnsafeBytes { bytes -> LosslessPlan? in
            let words = TensorWords(bytes, format)
            guard format != .f64 || isInside(words) else { return nil }
            var plan = TensorWords.with(tensor.previous, format) { previous -> LosslessPlan in
                switch tensor.kind {
                case .secondMoment where SecondMomentFit.isPossible(words):
                    return secondMomentPlan(words, previous, columns: columns, decay: tensor.decay)
                case .firstMoment where companion != nil:
                    return firstMomentPlan(words, columns: columns, companion: tensor.companion)
                default:
                    return TensorWords.with(tensor.earlier, format) { earlier in
                        valuePlan(words, previous, earlier, columns: columns)
                    }
                }
            }
            plan.format = format
            plan.count = words.count
            return plan
        }
    }

    /// Whether float32 has exponents for all of a float64 tensor.
    private static func isInside(_ words: TensorWords) -> Bool {
        var isInside = true
        words.forEachPiece { _, piece in
            isInside = !piece.contains(WordForm.outside)
            return isInside
        }
        return isInside
    }

    private static func secondMomentPlan(
        _ words: TensorWords, _ previous: TensorWords?, columns: Int, decay: Double?
    ) -> LosslessPlan {
        var plan = LosslessPlan(.secondMoment)
        let usable = previous.flatMap { SecondMomentFit.isPossible($0) ? $0 : nil }
        plan.second = SecondMomentFit(words, previous: usable, columns: columns, expected: decay).model
        plan.depth = plan.second.depth
        return plan
    }

    private static func firstMomentPlan(_ words: TensorWords, columns: Int, companion: Int?) -> LosslessPlan {
        var plan = LosslessPlan(.firstMoment)
        plan.first.scale = ValueFit(words, previous: nil, earlier: nil, columns: columns).model.scale
        plan.companion = companion
        return plan
    }

    private static func valuePlan(
        _ words: TensorWords, _ previous: TensorWords?, _ earlier: TensorWords?, columns: Int
    ) -> LosslessPlan {
        var plan = LosslessPlan(.values)
        plan.value = ValueFit(words, previous: previous, earlier: earlier, columns: columns).model
        plan.depth = plan.value.depth
        return plan
    }

    // MARK: Against byte planes

    /// Whether the values look like anything else than numbers a training has moved: few different ones, many that did
    /// not change, exponents all over the place. Only then byte planes can be the better way.
    private static func isDoubtful(_ tensor: LosslessTensor, _ format: FloatFormat) -> Bool {
        let size = format.elementSize
        let count = tensor.bytes.count / size
        // Odd, so that it goes through all columns of most matrices.
        let spacing = max(count / lookedAt, 1) | 1
        // Distinct words by a small table, exponents by their counts.
        var seen = [UInt64](repeating: .max, count: 4 * lookedAt)
        var exponents = [Int](repeating: 0, count: 256)
        var total = 0, different = 0, kept = 0
        tensor.bytes.withUnsafeBytes { bytes in
            var word: UInt32 = 0
            for i in stride(from: 0, to: count, by: spacing) {
                WordForm.words(bytes, format, i..<i + 1, to: &word)
                total += 1
                exponents[Int((word >> 23) & 0xff)] += 1
                var slot = Int((word &* 0x9e37_79b1) >> 16) % seen.count
                while seen[slot] != UInt64(word), seen[slot] != .max { slot = (slot + 1) % seen.count }
                if seen[slot] == .max {
                    seen[slot] = UInt64(word)
                    different += 1
                }
                if let previous = tensor.previous {
                    var isKept = true
                    for byte in i * size..<(i + 1) * size where previous[byte] != bytes[byte] { isKept = false }
                    if isKept { kept += 1 }
                }
            }
        }
        let spread = quantile(exponents, total * 7 / 8) - quantile(exponents, total / 8)
        return different * 8 < total * 7 || kept * 8 > total || spread > 32
    }

    /// The value at a rank in ascending order.
    private static func quantile(_ counts: [Int], _ rank: Int) -> Int {
        var below = 0
        for (value, count) in counts.enumerated() {
            below += count
            if below > rank { return value }
        }
        return counts.count
    }

    /// Elements that are looked at.
    private static let lookedAt = 128
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
