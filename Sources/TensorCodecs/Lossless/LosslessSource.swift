/// What a tensor's predictions are made from.
struct LosslessSource {
    var previous: [UInt8]?
    var earlier: [UInt8]?
    /// The second moment's bytes and format.
    var companion: (bytes: [UInt8], format: FloatFormat)?

    /// Fills predictions, scales and contexts of the elements `range` of a tensor, from `place` in the buffers on.
    func predict(_ plan: LosslessPlan, _ buffers: ResidualBuffers, at place: Int, _ range: Range<Int>) {
        let old = plan.depth > 0 ? previous : nil
        switch plan.mode {
        case .planes, .bytes, .rounded: break
        case .values:
            withBytes(old) { previous in
                withBytes(plan.depth > 1 ? earlier : nil) { earlier in
                    plan.value.predict(
                        buffers, at: place, range, plan.format, previous: previous, earlier: earlier)
                }
            }
            plan.value.scale.fill(buffers.scales + place, range)
        case .secondMoment:
            guard let old else { return plan.second.predict(buffers, at: place, range, previous: nil) }
            let words = buffers.words + place
            old.withUnsafeBytes { WordForm.words($0, plan.format, range, to: words) }
            plan.second.predict(buffers, at: place, range, previous: words)
        case .firstMoment:
            guard let companion else { preconditionFailure("a first moment is planned only with its companion") }
            let words = buffers.words + place
            companion.bytes.withUnsafeBytes { WordForm.words($0, companion.format, range, to: words) }
            plan.first.predict(buffers, at: place, range, companion: words)
        }
    }

    private func withBytes(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Void) {
        guard let bytes else { return body(nil) }
        bytes.withUnsafeBytes { body($0) }
    }

    /// The same for the coded elements of a slice.
    func predict(_ plan: LosslessPlan, _ slice: LosslessSlice, _ buffers: ResidualBuffers) {
        let place = slice.piece.range.lowerBound
        guard let changed = plan.changed else { return predict(plan, buffers, at: place, slice.range) }
        let staging = ResidualBuffers(capacity: min(Self.stagingSize, plan.count))
        var next = slice.range.lowerBound
        while next < slice.range.upperBound {
            let start = Int(changed[next])
            let block = start..<min(start + staging.capacity, plan.count)
            predict(plan, staging, at: 0, block)
            while next < slice.range.upperBound, Int(changed[next]) < block.upperBound {
                let from = Int(changed[next]) - start
                buffers.copy(from, of: staging, to: place + next - slice.range.lowerBound)
                next += 1
            }
        }
    }

    /// Elements predicted at a time where only some are coded.
    private static let stagingSize = 1 << 12
}
