/// First moments: around zero, as wide as rows and columns say; how wide an element is itself shows in the second
/// moment.
struct FirstMomentModel: Sendable {
    var scale = LogScale(rows: [LogScale.none], columns: [])

    /// Fills predictions, scales and contexts of the elements `range`.
    /// - Parameter companion: words of the second moments in that range.
    func predict(_ block: ResidualBlock, _ range: Range<Int>, companion: UnsafePointer<UInt32>) {
        block.predictions.update(repeating: 0, count: range.count)
        let scales = block.scales, contexts = block.contexts
        scale.fill(scales, range)
        for i in 0..<range.count {
            let root = (Int32(bitPattern: companion[i] &>> 21) &- 508) &>> 1
            contexts[i] = min(max((root &- scales[i]) &>> 1, -8), 5) &+ 8
        }
    }
}
