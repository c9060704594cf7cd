/// What a tensor's predictions are made from.
struct LosslessSource {
    var previous: [UInt8]?
    var earlier: [UInt8]?
    /// The second moment's bytes and format.
    var companion: (bytes: [UInt8], format: FloatFormat)?

    /// Fills a block with what predicts the elements `range` of a tensor; words are working memory.
    func predict(_ plan: LosslessPlan, _ range: Range<Int>, _ block: ResidualBlock) {
        let old = plan.depth > 0 ? previous : nil
        block.count = range.count
        switch plan.mode {
        case .planes, .bytes, .rounded: break
        case .values:
            withBytes(old) { previous in
                withBytes(plan.depth > 1 ? earlier : nil) { earlier in
                    plan.value.predict(block, range, plan.format, previous: previous, earlier: earlier)
                }
            }
            plan.value.scale.fill(block.scales, range)
        case .secondMoment:
            guard let old else { return plan.second.predict(block, range, previous: nil) }
            old.withUnsafeBytes { WordForm.words($0, plan.format, range, to: block.words) }
            plan.second.predict(block, range, previous: block.words)
        case .firstMoment:
            guard let companion else { preconditionFailure("a first moment is planned only with its companion") }
            companion.bytes.withUnsafeBytes { WordForm.words($0, companion.format, range, to: block.words) }
            plan.first.predict(block, range, companion: block.words)
        }
    }

    private func withBytes(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Void) {
        guard let bytes else { return body(nil) }
        bytes.withUnsafeBytes { body($0) }
    }

    /// The same for a range of the coded elements.
    func predict(_ plan: LosslessPlan, coded range: Range<Int>, _ block: ResidualBlock) {
        guard let changed = plan.changed else { return predict(plan, range, block) }
        let staging = ResidualBlock(capacity: min(ResidualBlock.size, plan.count))
        var next = range.lowerBound
        while next < range.upperBound {
            let start = Int(changed[next])
            let run = start..<min(start + staging.capacity, plan.count)
            predict(plan, run, staging)
            while next < range.upperBound, Int(changed[next]) < run.upperBound {
                block.copy(Int(changed[next]) - start, of: staging, to: next - range.lowerBound)
                next += 1
            }
        }
        block.count = range.count
    }
}
