/// What pruning keeps of a tensor: values moved together, in order of position, and where they were.
enum KeptValues {
    /// Moves the values together for whose position `keep` says so, without a branch on it: which values are kept is
    /// no pattern that a processor could foresee.
    /// - Parameters:
    ///   - output: room for all values; may be the source's own memory.
    ///   - mask: becomes 1 where a value was kept, else 0.
    /// - Returns: how many were kept.
    @inline(__always)
    static func gather(
        _ source: UnsafeBufferPointer<Float>, to output: UnsafeMutableBufferPointer<Float>,
        mask: UnsafeMutableBufferPointer<UInt8>, where keep: (Int) -> Bool
    ) -> Int {
        precondition(output.count >= source.count && mask.count == source.count, "an element for every value")
        var next = 0
        for i in 0..<source.count {
            let kept: UInt8 = keep(i) ? 1 : 0
            output[next] = source[i]
            mask[i] = kept
            next &+= Int(kept)
        }
        return next
    }

    /// Writes down the positions for which `keep` is 1, in order, without a branch on it.
    /// - Parameters:
    ///   - output: room for all positions.
    ///   - keep: 1 or 0, by arithmetic: of comparisons a compiler may make a branch.
    /// - Returns: how many there are.
    @inline(__always)
    static func positions(
        _ count: Int, to output: UnsafeMutableBufferPointer<UInt32>, where keep: (Int) -> Int
    ) -> Int {
        precondition(output.count >= count && count < 1 << 32, "an element for every position")
        var next = 0
        for i in 0..<count {
            output[next] = UInt32(truncatingIfNeeded: i)
            next &+= keep(i)
        }
        return next
    }

    /// Turns a mask into indices: the next of `values`, which are 1 and more, wherever it is not zero.
    /// - Parameter values: one for each place that is not zero, and one more.
    static func spread(_ values: UnsafeBufferPointer<UInt8>, over mask: UnsafeMutableBufferPointer<UInt8>) {
        var next = 0
        for i in 0..<mask.count {
            let kept = mask[i]
            mask[i] = (0 &- kept) & values[next]
            next &+= Int(kept)
        }
        precondition(next < max(values.count, 1), "a value for every position")
    }

    /// The bytes where `mask` is not zero.
    static func gathered(_ source: [UInt8], where mask: [UInt8]) -> [UInt8] {
        precondition(source.count == mask.count, "one value per position")
        let count = mask.withUnsafeBufferPointer { IndexScan.nonzeroCount($0) }
        // One place more, for the value after the last kept one.
        return [UInt8](unsafeUninitializedCapacity: count + 1) { output, filled in
            source.withUnsafeBufferPointer { source in
                mask.withUnsafeBufferPointer { mask in
                    if count < mask.count / 16 {
                        var next = 0
                        IndexScan.forEachNonzero(mask) { position in
                            output[next] = source[position]
                            next &+= 1
                        }
                    } else {
                        var next = 0
                        for i in 0..<mask.count {
                            output[next] = source[i]
                            next &+= IndexScan.isNonzero(mask[i])
                        }
                    }
                }
            }
            filled = count
        }
    }

    /// The way back: `values`, one per byte of `mask` that is not zero, put there.
    static func scattered(_ values: [UInt8], to mask: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: mask.count)
        result.withUnsafeMutableBufferPointer { result in
            mask.withUnsafeBufferPointer { mask in
                // One more, for what follows the last place.
                (values + [0]).withUnsafeBufferPointer { values in
                    var next = 0
                    if values.count < mask.count / 16 {
                        IndexScan.forEachNonzero(mask) { position in
                            result[position] = values[next]
                            next &+= 1
                        }
                    } else {
                        for i in 0..<mask.count {
                            let kept = IndexScan.isNonzero(mask[i])
                            result[i] = UInt8(truncatingIfNeeded: 0 &- kept) & values[next]
                            next &+= kept
                        }
                    }
                }
            }
        }
        return result
    }
}
