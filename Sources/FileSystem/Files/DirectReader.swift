/// Large ranges of a file, read past the system's page cache. Safe from several threads.
final class DirectReader: Sendable {
    /// Pieces so large are worth it.
    static let largePiece = 256 << 10

    private let direct: Int32
    private let path: String

    /// - Parameter descriptor: of a file that stays open as long as this object lives.
    /// - Returns: `nil` where the file system has no such access.
    init?(_ descriptor: Int32, path: String) {
        guard let direct = SystemCalls.openDirectly(descriptor, writing: false) else { return nil }
        self.direct = direct
        self.path = path
    }

    deinit { SystemCalls.closeDirectly(direct) }

    /// Whether a range is large, and is not in the page cache.
    static func isWorthwhile(_ descriptor: Int32, at offset: UInt64, count: Int) -> Bool {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(count))
        return count >= largePiece && !overflow && !SystemCalls.isCached(descriptor, offset..<end)
    }

    /// Reads as much of the beginning of `buffer` as can be read so.
    /// - Returns: how much that was; less than all of it where the file system refuses or the file ends.
    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) -> Int {
        guard let target = buffer.baseAddress else { return 0 }
        let window = DirectWindow.take()
        defer { DirectWindow.giveBack(window) }
        var done = 0
        while done < buffer.count {
            let position = offset + UInt64(done)
            let skipped = Int(position % UInt64(DirectWindow.block))
            let wanted = min(skipped + buffer.count - done, DirectWindow.byteCount)
            let count = (wanted + DirectWindow.block - 1) / DirectWindow.block * DirectWindow.block
            let found = try SystemCalls.read(
                directly: direct, window, count, at: position - UInt64(skipped), path: path)
            guard let found, found > skipped else { break }
            let used = min(found, wanted) - skipped
            (target + done).copyMemory(from: window + skipped, byteCount: used)
            done += used
        }
        return done
    }
}
