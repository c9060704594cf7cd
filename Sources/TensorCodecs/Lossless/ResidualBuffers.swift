/// Working memory for one piece of a group: what the elements are predicted to be, and how well.
final class ResidualBuffers {
    let capacity: Int
    /// Elements in use.
    var count = 0

    /// Float32 bit patterns of the predictions; finite.
    let predictions: UnsafeMutablePointer<UInt32>
    /// Expected deviations, in quarter octaves.
    let scales: UnsafeMutablePointer<Int16>
    /// What else is known about an element: selects its class.
    let contexts: UnsafeMutablePointer<UInt8>
    /// The elements' own words (encoder), then results (decoder).
    let words: UnsafeMutablePointer<UInt32>
    /// Signed cells of the predictions.
    let cells: UnsafeMutablePointer<Int32>
    /// Exponent of each element's cell size.
    let sizes: UnsafeMutablePointer<Int16>

    init(capacity: Int) {
        self.capacity = capacity
        predictions = .allocate(capacity: capacity)
        scales = .allocate(capacity: capacity)
        contexts = .allocate(capacity: capacity)
        words = .allocate(capacity: capacity)
        cells = .allocate(capacity: capacity)
        sizes = .allocate(capacity: capacity)
    }

    /// Takes over what is known of an element.
    func copy(_ from: Int, of other: ResidualBuffers, to: Int) {
        predictions[to] = other.predictions[from]
        scales[to] = other.scales[from]
        contexts[to] = other.contexts[from]
        words[to] = other.words[from]
    }

    deinit {
        predictions.deallocate()
        scales.deallocate()
        contexts.deallocate()
        words.deallocate()
        cells.deallocate()
        sizes.deallocate()
    }
}
