import TensorCodecs
package import FileSystem

/// The original weights of a step, by the names its archive has for them, read from the run's files.
package struct OriginalWeights: Sendable {
    private struct Location: Sendable {
        var source: any ByteSource
        var range: Range<UInt64>
    }

    private var locations: [String: Location] = [:]

    package init() {}

    /// Says where a weight lies.
    package mutating func add(_ name: String, source: any ByteSource, range: Range<UInt64>) {
        locations[name] = Location(source: source, range: range)
    }

    /// The squared change of a weight to `bytes`; `nil` where it is not there, of another size, or cannot be read (a
    /// trainer may have removed the file: the figure that needs it is then estimated).
    func squaredChange(_ name: String, to bytes: UnsafeRawBufferPointer, format: FloatFormat) -> Double? {
        guard let location = locations[name], location.range.count == bytes.count else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: min(Self.block, bytes.count), alignment: 64) { buffer in
            var sums = ErrorSums()
            var start = 0
            while start < bytes.count {
                let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Self.block, bytes.count)])
                let original = UnsafeMutableRawBufferPointer(rebasing: buffer[..<piece.count])
                do throws(VarveError) {
                    try location.source.read(at: location.range.lowerBound + UInt64(start), into: original)
                } catch {
                    return nil
                }
                sums.add(piece, UnsafeRawBufferPointer(original), format: format)
                start += piece.count
            }
            return sums.measure.squared
        }
    }

    /// Bytes that are read and compared while they are in the cache.
    private static let block = 64 << 10
}
