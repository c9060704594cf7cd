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

    /// The same for those of the elements that changed: `range` counts them.
    func predictChanged(
        _ plan: LosslessPlan, _ changed: [Int32], _ buffers: ResidualBuffers, at place: Int, _ range: Range<Int>,
        staging: ResidualBuffers
    ) {
        var next = range.lowerBound
        while next < range.upperBound {
            let start = Int(changed[next])
            let block = start..<min(start + staging.capacity, plan.count)
            predict(plan, staging, at: 0, block)
            while next < range.upperBound, Int(changed[next]) < block.upperBound {
                let from = Int(changed[next]) - start
                buffers.copy(from, of: staging, to: place + next - range.lowerBound)
                next += 1
            }
        }
    }
}
