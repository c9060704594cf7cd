import CZstd

/// The codecs on arrays, for callers that hold whole tensors or blocks as `[UInt8]`.

extension Zstandard {
    /// Release of the library in use. Frames decode under all; which bytes the encoder makes may differ.
    package static var libraryVersion: String { String(cString: ZSTD_versionString()) }

    package static func compress(_ bytes: [UInt8], level: Int32) throws(CodecError) -> [UInt8] {
        try bytes.withRawBytes { (bytes) throws(CodecError) in try compress(bytes, level: level) }
    }

    package static func decompress(_ bytes: [UInt8], count: Int) throws(CodecError) -> [UInt8] {
        try bytes.withRawBytes { (bytes) throws(CodecError) in try decompress(bytes, count: count) }
    }
}

extension PayloadCodec {
    /// - Parameter prefix: empty for none.
    package static func encode(_ block: [UInt8], prefix: [UInt8]) throws(CodecError) -> [UInt8] {
        try block.withRawBytes { (block) throws(CodecError) in
            try prefix.withRawBytes { (prefix) throws(CodecError) in
                try encode(block, prefix: prefix.isEmpty ? nil : prefix)
            }
        }
    }

    /// - Parameter prefix: empty for none.
    package static func decode(_ bytes: [UInt8], count: Int, prefix: [UInt8]) throws(CodecError) -> [UInt8] {
        try prefix.withRawBytes { (prefix) throws(CodecError) in
            try decode(bytes[...], count: count, prefix: prefix.isEmpty ? nil : prefix)
        }
    }
}

extension ExactCodec {
    package static func encode(_ bytes: [UInt8], elementSize: Int, predecessor: [UInt8]?) throws(CodecError) -> [UInt8]
    {
        try bytes.withRawBytes { (bytes) throws(CodecError) in
            guard let predecessor else { return try encode(bytes, elementSize: elementSize, predecessor: nil) }
            return try predecessor.withRawBytes { (predecessor) throws(CodecError) in
                try encode(bytes, elementSize: elementSize, predecessor: predecessor)
            }
        }
    }

    /// - Parameter count: bytes of the tensor.
    package static func decode(
        _ bytes: [UInt8], count: Int, elementSize: Int, predecessor: [UInt8]?
    ) throws(CodecError) -> [UInt8] {
        // A block takes two bytes at least, unless it equals the predecessor's.
        guard count >= 0,
            predecessor.map({ $0.count == count }) ?? ((count + blockSize - 1) / blockSize <= bytes.count / 2)
        else { throw CodecError(.corrupt, "\(bytes.count) bytes cannot hold a tensor of \(count)") }
        var failure: CodecError?
        let output = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let target = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            do throws(CodecError) {
                if let predecessor {
                    try predecessor.withRawBytes { (predecessor) throws(CodecError) in
                        try decode(bytes[...], into: target, elementSize: elementSize, predecessor: predecessor)
                    }
                } else {
                    try decode(bytes[...], into: target, elementSize: elementSize, predecessor: nil)
                }
                filled = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return output
    }
}

extension FloatFormat {
    package func hasNonFinite(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { hasNonFinite($0) } }

    package func floats(_ bytes: [UInt8]) -> [Float] { bytes.withUnsafeBytes { floats($0) } }
}

extension ResidualCodec {
    /// weight - predecessor in Float.
    package static func residual(weight: [UInt8], predecessor: [UInt8], format: FloatFormat) -> [Float] {
        let count = weight.count / format.elementSize
        return [Float](unsafeUninitializedCapacity: count) { buffer, filled in
            weight.withUnsafeBytes { weight in
                predecessor.withUnsafeBytes { predecessor in
                    residual(
                        weight: weight, predecessor: predecessor, format: format,
                        into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
                }
            }
            filled = count
        }
    }

    /// The sum of the values' squares, in the same fixed order as `error`.
    package static func energy(_ bytes: [UInt8], format: FloatFormat) -> Double {
        bytes.withUnsafeBytes { energy($0, format: format) }
    }

    package static func error(_ original: [UInt8], _ restored: [UInt8], format: FloatFormat) -> ErrorMeasure {
        original.withUnsafeBytes { original in
            restored.withUnsafeBytes { restored in error(original, restored, format: format) }
        }
    }
}

extension ExcpQuantizer {
    package func quantize(residual: [Float], first: [Float]?, second: [Float]?) -> ExcpTensor {
        residual.withUnsafeBufferPointer { residual in
            (first ?? []).withUnsafeBufferPointer { firstValues in
                (second ?? []).withUnsafeBufferPointer { secondValues in
                    quantize(
                        residual: residual, first: first == nil ? nil : firstValues,
                        second: second == nil ? nil : secondValues)
                }
            }
        }
    }
}

extension ExcpRole {
    /// Elements that were pruned.
    package var prunedCount: Int { indices.count - keptCount }
}
