/// The coded elements of a slice between the tensor's bytes and the words of a chunk.
extension LosslessPlan {
    func loadWords(_ slice: LosslessSlice, of bytes: [UInt8], to buffers: ResidualBuffers) {
        let words = buffers.words + slice.piece.range.lowerBound
        bytes.withUnsafeBytes { bytes in
            guard let changed else { return WordForm.words(bytes, format, slice.range, to: words) }
            for (place, i) in slice.range.enumerated() {
                let element = Int(changed[i])
                WordForm.words(bytes, format, element..<element + 1, to: words + place)
            }
        }
    }

    func storeWords(_ slice: LosslessSlice, from buffers: ResidualBuffers, to bytes: inout [UInt8]) {
        let words = buffers.words + slice.piece.range.lowerBound
        bytes.withUnsafeMutableBytes { bytes in
            guard let changed else { return WordForm.bytes(words, format, lows: lows, slice.range, to: bytes) }
            for (place, i) in slice.range.enumerated() {
                let element = Int(changed[i])
                WordForm.bytes(words + place, format, lows: lows, element..<element + 1, to: bytes)
            }
        }
    }
}
