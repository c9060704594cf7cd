/// First moments: around zero, as wide as rows and columns say; how wide an element is itself shows in the second
/// moment.
struct FirstMomentModel: Sendable {
    var scale = LogScale(rows: [LogScale.none], columns: [])

    /// Fills predictions, scales and contexts of the elements `range`.
    /// - Parameter companion: words of the second moments in that range.
    func predict(_ buffers: ResidualBuffers, at place: Int, _ range: Range<Int>, companion: UnsafePointer<UInt32>) {
        (buffers.predictions + place).update(repeating: 0, count: range.count)
        let scales = buffers.scales + place, contexts = buffers.contexts + place
        scale.fill(scales, range)
        for i in 0..<range.count {
            let root = (Int32(bitPattern: companion[i] &>> 21) &- 508) &>> 1
            contexts[i] = UInt8(truncatingIfNeeded: min(max((root &- Int32(scales[i])) &>> 1, -8), 5) &+ 8)
        }
    }
}
