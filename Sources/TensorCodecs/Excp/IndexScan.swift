/// Walks over index arrays in which most elements are zero.
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

    /// Calls `body` with the position of every nonzero index, in order.
    @inline(__always)
    static func forEachNonzero(_ indices: UnsafeBufferPointer<UInt8>, _ body: (Int) -> Void) {
        let raw = UnsafeRawBufferPointer(indices)
        var i = 0
        while i &+ 8 <= indices.count {
            var word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: i, as: UInt64.self))
            while word != 0 {
                let byte = word.trailingZeroBitCount >> 3
                body(i &+ byte)
                word &= ~(0xff &<< UInt64(byte &* 8))
            }
            i &+= 8
        }
        while i < indices.count {
            if indices[i] != 0 { body(i) }
            i &+= 1
        }
    }
}
