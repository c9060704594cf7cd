/// Byte planes and differences of blocks. Plane p holds byte p of every element.
enum ExactKernel {
    /// Writes the planes of a block, one after the other.
    /// - Parameters:
    ///   - block: a multiple of `size` bytes.
    ///   - planes: as many bytes.
    static func split(_ block: UnsafeRawBufferPointer, size: Int, to planes: UnsafeMutableBufferPointer<UInt8>) {
        let count = block.count / size
        for plane in 0..<size {
            let output = UnsafeMutableBufferPointer(rebasing: planes[plane * count..<(plane + 1) * count])
            for i in 0..<count { output[i] = block[i &* size &+ plane] }
        }
    }

    /// Puts one plane back.
    static func merge(
        _ plane: UnsafeBufferPointer<UInt8>, number: Int, size: Int, to block: UnsafeMutableRawBufferPointer
    ) {
        for i in 0..<plane.count { block[i &* size &+ number] = plane[i] }
    }

    /// The transformed block. `output` has the block's length.
    static func transform(
        _ transform: ExactCodec.Transform, _ block: UnsafeRawBufferPointer, _ predecessor: UnsafeRawBufferPointer,
        size: Int, to output: UnsafeMutableRawBufferPointer
    ) {
        switch transform {
        case .plain: output.copyMemory(from: block)
        case .xor: xor(block, predecessor, to: output)
        case .difference:
            switch size {
            case 1: difference(block, predecessor, UInt8.self, to: output)
            case 2: difference(block, predecessor, UInt16.self, to: output)
            case 4: difference(block, predecessor, UInt32.self, to: output)
            default: difference(block, predecessor, UInt64.self, to: output)
            }
        }
    }

    /// Undoes `transform` in place.
    static func restore(
        _ transform: ExactCodec.Transform, _ block: UnsafeMutableRawBufferPointer,
        _ predecessor: UnsafeRawBufferPointer,
        size: Int
    ) {
        switch transform {
        case .plain: break
        case .xor: xor(UnsafeRawBufferPointer(block), predecessor, to: block)
        case .difference:
            switch size {
            case 1: undoDifference(block, predecessor, UInt8.self)
            case 2: undoDifference(block, predecessor, UInt16.self)
            case 4: undoDifference(block, predecessor, UInt32.self)
            default: undoDifference(block, predecessor, UInt64.self)
            }
        }
    }

    private static func xor(
        _ block: UnsafeRawBufferPointer, _ predecessor: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
    ) {
        for i in 0..<block.count { output[i] = block[i] ^ predecessor[i] }
    }

    @inline(__always)
    private static func difference<Word: FixedWidthInteger & UnsignedInteger>(
        _ block: UnsafeRawBufferPointer, _ predecessor: UnsafeRawBufferPointer, _ type: Word.Type,
        to output: UnsafeMutableRawBufferPointer
    ) {
        let size = MemoryLayout<Word>.size
        for i in 0..<block.count / size {
            let new = Word(littleEndian: block.loadUnaligned(fromByteOffset: i &* size, as: Word.self))
            let old = Word(littleEndian: predecessor.loadUnaligned(fromByteOffset: i &* size, as: Word.self))
            let change = new &- old
            let negative = 0 &- (change >> Word(Word.bitWidth - 1))
            output.storeBytes(of: ((change << 1) ^ negative).littleEndian, toByteOffset: i &* size, as: Word.self)
        }
    }

    @inline(__always)
    private static func undoDifference<Word: FixedWidthInteger & UnsignedInteger>(
        _ block: UnsafeMutableRawBufferPointer, _ predecessor: UnsafeRawBufferPointer, _ type: Word.Type
    ) {
        let size = MemoryLayout<Word>.size
        for i in 0..<block.count / size {
            let zigzag = Word(littleEndian: block.loadUnaligned(fromByteOffset: i &* size, as: Word.self))
            let old = Word(littleEndian: predecessor.loadUnaligned(fromByteOffset: i &* size, as: Word.self))
            let change = (zigzag >> 1) ^ (0 &- (zigzag & 1))
            block.storeBytes(of: (old &+ change).littleEndian, toByteOffset: i &* size, as: Word.self)
        }
    }
}
