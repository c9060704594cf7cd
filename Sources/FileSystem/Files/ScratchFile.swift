import Glibc
import Synchronization

/// A file for what this process will read once more.
///
/// It never has a name where the file system can do without, elsewhere it is unlinked as soon as it is open: nothing is left
/// behind however the process ends. Safe from several threads.
package final class ScratchFile: Sendable {
    /// Never parked: it has no name to be opened by.
    private let file: PooledDescriptor
    private let descriptor: Int32
    private let path: String
    private let writer: DirectWriter?
    private let reader: DirectReader?

    private static let counter = Atomic<Int>(0)

    /// - Parameter directory: where the file takes its room; not in memory.
    package init(directory: String) throws(VarveError) {
        (descriptor, path) = try Self.open(in: directory)
        let direct = SystemCalls.openDirectly(descriptor, writing: true)
        file = PooledDescriptor(.init(file: descriptor, direct: direct), path: path, pool: nil, reopening: .output)
        writer = direct == nil ? nil : DirectWriter(file, path: path)
        reader = direct == nil ? nil : DirectReader(descriptor, path: path)
    }

    private static func open(in directory: String) throws(VarveError) -> (descriptor: Int32, path: String) {
        do throws(VarveError) {
            return (try SystemCalls.open(directory, flags: O_RDWR | SystemCalls.nameless, mode: 0o600), directory)
        } catch  where error.code == .inputOutput || error.code == .unsupported {
            // Not every file system has files without a name.
        }
        // A name of its own: a reader and a writer may work side by side, and must not get one file.
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        let path = Paths.join(directory, "\(OutputFile.temporaryPrefix)scratch-\(getpid())-\(number)")
        // What a former process of that number left.
        try? SystemCalls.unlink(path)
        let descriptor = try SystemCalls.open(path, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        do throws(VarveError) {
            try SystemCalls.unlink(path)
        } catch  where error.code == .notFound {
            // A writer that began in between has cleaned up.
        } catch {
            SystemCalls.discard(descriptor, path: path)
            throw error
        }
        return (descriptor, path)
    }

    deinit {
        try? writer?.finish()
        try? file.close()
    }

    /// Bytes that follow one another best begin at multiples of this.
    package static let alignment = UInt64(DirectWindow.block)

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(VarveError) {
        var done = 0
        if let writer, bytes.count >= DirectReader.largePiece { done = try writer.write(bytes, at: offset) }
        writer?.waitForWrites(to: offset + UInt64(done)..<offset + UInt64(bytes.count))
        while let pointer = bytes.baseAddress, done < bytes.count {
            done += try SystemCalls.write(
                descriptor, pointer + done, bytes.count - done, at: offset + UInt64(done), path: path)
        }
    }

    /// Says that a range will be read.
    package func prefetch(_ range: Range<UInt64>) {
        writer?.waitForWrites(to: range)
        SystemCalls.prefetch(descriptor, range)
    }

    /// Waits until all that was written is in the file.
    package func flush() throws(VarveError) { try writer?.finish() }

    package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        try flush()
        var done = 0
        if let reader, DirectReader.isWorthwhile(descriptor, at: offset, count: buffer.count) {
            done = try reader.read(at: offset, into: buffer)
        }
        do throws(VarveError) {
            try SystemCalls.readFully(
                descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]), at: offset + UInt64(done),
                path: path)
        } catch  where error.code == .truncated {
            throw VarveError(.inputOutput, "the scratch file lost bytes", file: path)
        }
    }
}
