/// The values of a tensor that pruning keeps, and where they were.
struct KeptValues {
    /// Kept values in order of position.
    private(set) var values: [Float]
    /// 1 where a value was kept, else 0.
    private(set) var mask: [UInt8]

    /// Keeps the values for whose position `keep` says so.
    @inline(__always)
    init(_ source: UnsafeBufferPointer<Float>, where keep: (Int) -> Bool) {
        let mask = [UInt8](unsafeUninitializedCapacity: source.count) { output, filled in
            for i in 0..<source.count { output[i] = keep(i) ? 1 : 0 }
            filled = source.count
        }
        self.init(source, mask)
    }

    /// The same among the positions where `outer` is not zero.
    @inline(__always)
    init(_ source: UnsafeBufferPointer<Float>, within outer: UnsafeBufferPointer<UInt8>, where keep: (Int) -> Bool) {
        let mask = [UInt8](unsafeUninitializedCapacity: source.count) { output, filled in
            for i in 0..<source.count { output[i] = keep(i) && outer[i] != 0 ? 1 : 0 }
            filled = source.count
        }
        self.init(source, mask)
    }

    /// Another tensor's values at the same positions.
    func sameMask(_ source: UnsafeBufferPointer<Float>) -> KeptValues {
        KeptValues(source, mask)
    }

    private init(_ source: UnsafeBufferPointer<Float>, _ mask: [UInt8]) {
        self.mask = mask
        values = mask.withUnsafeBufferPointer { mask in
            let count = IndexScan.nonzeroCount(mask)
            return [Float](unsafeUninitializedCapacity: count) { output, filled in
                var next = 0
                IndexScan.forEachNonzero(mask) { position in
                    output[next] = source[position]
                    next &+= 1
                }
                filled = next
            }
        }
    }
}
