/// The coded elements of a tensor between its bytes and the words of a block.
extension LosslessPlan {
    /// - Parameter range: of the coded elements.
    func loadWords(_ range: Range<Int>, of bytes: [UInt8], to block: ResidualBlock) {
        bytes.withUnsafeBytes { bytes in
            guard let changed else { return WordForm.words(bytes, format, range, to: block.words) }
            for (position, i) in range.enumerated() {
                let element = Int(changed[i])
                WordForm.words(bytes, format, element..<element + 1, to: block.words + position)
            }
        }
    }

    func storeWords(_ range: Range<Int>, from block: ResidualBlock, to bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { bytes in
            guard let changed else { return WordForm.bytes(block.words, format, lows: lows, range, to: bytes) }
            for (position, i) in range.enumerated() {
                let element = Int(changed[i])
                WordForm.bytes(block.words + position, format, lows: lows, element..<element + 1, to: bytes)
            }
        }
    }
}
