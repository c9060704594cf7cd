/// Walks over index arrays in which many elements are zero.
enum IndexScan {
    static func nonzeroCount(_ indices: UnsafeBufferPointer<UInt8>) -> Int {
        var count = 0
        var i = 0
        while i < indices.count {
            let end = min(i &+ 255 &* 16, indices.count)
            var block: UInt16 = 0
            while i < end {
                block &+= indices[i] != 0 ? 1 : 0
                i &+= 1
            }
            count &+= Int(block)
        }
        return count
    }

    /// 1 where the index is not zero, else 0: by arithmetic, of which no compiler makes a branch.
    @inline(__always)
    static func isNonzero(_ index: UInt8) -> Int {
        (Int(index) &+ 255) &>> 8
    }

    /// The largest index; 0 of none.
    static func largest(_ indices: UnsafeBufferPointer<UInt8>) -> Int {
        var largest: UInt8 = 0
        for index in indices { largest = max(largest, index) }
        return Int(largest)
    }

    /// Positions that are found before anything is done with them.
    private static let group = 512

    /// Calls `body` with the position of every nonzero index, in order.
    ///
    /// Positions are written down first, without a branch on what was found: where the zeros lie is no pattern that a
    /// processor could foresee.
    @inline(__always)
    static func forEachNonzero(_ indices: UnsafeBufferPointer<UInt8>, _ body: (Int) -> Void) {
        let raw = UnsafeRawBufferPointer(indices)
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: group + 1) { found in
            var start = 0
            while start < indices.count {
                let length = min(group, indices.count &- start)
                var next = 0
                var i = 0
                while i &+ 8 <= length {
                    let word = raw.loadUnaligned(fromByteOffset: start &+ i, as: UInt64.self)
                    if word != 0 {
                        for j in i..<i &+ 8 {
                            found[next] = UInt16(truncatingIfNeeded: j)
                            next &+= isNonzero(indices[start &+ j])
                        }
                    }
                    i &+= 8
                }
                while i < length {
                    found[next] = UInt16(truncatingIfNeeded: i)
                    next &+= isNonzero(indices[start &+ i])
                    i &+= 1
                }
                for position in 0..<next { body(start &+ Int(found[position])) }
                start &+= group
            }
        }
    }
}
