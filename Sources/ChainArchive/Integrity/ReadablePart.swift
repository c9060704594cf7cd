import FileSystem

/// The bytes of a damaged part, as many as it should have: zeros stand for what is cut off or what the disk does not give.
struct ReadablePart {
    private let file: InputFile
    let byteCount: UInt64

    /// - Throws: `.notFound`, `.permissionDenied`, `.inputOutput`.
    init(_ path: String, byteCount: UInt64) throws(VarveError) {
        file = try InputFile(path)
        self.byteCount = byteCount
    }

    /// How many of the bytes are there, and whether there are more than there should be.
    var isWhole: Bool { file.byteCount == byteCount }

    /// Bytes that are cut off.
    var missing: UInt64 { byteCount - min(byteCount, file.byteCount) }

    private static let page: UInt64 = 4096

    /// Passes all bytes in pieces, in order.
    /// - Returns: whether the disk gave all that are there.
    @discardableResult
    func read(_ body: (UInt64, inout [UInt8]) throws(VarveError) -> Void) throws(VarveError) -> Bool {
        var offset: UInt64 = 0, isReadable = true
        while offset < byteCount {
            let end = min(offset + PartParityMaker.piece, byteCount)
            var bytes = piece(offset..<end, &isReadable)
            try body(offset, &bytes)
            offset = end
        }
        return isReadable
    }

    private func piece(_ range: Range<UInt64>, _ isReadable: inout Bool) -> [UInt8] {
        let there = range.clamped(to: 0..<file.byteCount)
        var bytes: [UInt8]
        do throws(VarveError) {
            bytes = try file.bytes(at: there.lowerBound, count: there.count)
        } catch {
            isReadable = false
            bytes = []
            // A lost sector is a page to the system.
            var start = there.lowerBound
            while start < there.upperBound {
                let end = min((start / Self.page + 1) * Self.page, there.upperBound)
                let page = try? file.bytes(at: start, count: Int(end - start))
                bytes += page ?? [UInt8](repeating: 0, count: Int(end - start))
                start = end
            }
        }
        return bytes + [UInt8](repeating: 0, count: range.count - bytes.count)
    }
}
