import Glibc
import Synchronization

/// A file being written under a temporary name; `commit` makes it visible under its own.
///
/// Bytes may be written at any offset and in any order, from several threads. Unless it is committed the temporary
/// file is removed when the object goes away.
package final class OutputFile: ByteSource {
    /// The name it will have.
    package let path: String
    package let temporaryPath: String
    private let descriptor: PooledDescriptor
    /// Where the file ends; writes may move it.
    private let size: Atomic<UInt64>
    private let finished = Atomic<Bool>(false)
    private let isParkable: Bool
    /// For files that are announced to be large.
    private let direct: DirectWriter?

    package var name: String { temporaryPath }
    package var byteCount: UInt64 { size.load(ordering: .relaxed) }

    /// Names of temporary files begin with this, so that a reader can tell them from finished ones.
    package static let temporaryPrefix = ".varve-tmp-"

    /// Creates the temporary file in the directory of `path`, `byteCount` bytes long (a hole until written).
    /// - Parameter isParkable: whether its descriptor may be closed while others are written, for files of which there may be
    ///   many. Only for files that are committed without a sync. `fsync` of a descriptor that was opened later writes the
    ///   same pages, because they belong to the inode. But an error of writing them before that may be told to nobody:
    ///   without a descriptor the inode, and the error with it, can leave the memory. So what must be on disk stays open.
    package convenience init(
        _ path: String, byteCount: UInt64 = 0, isParkable: Bool = false
    ) throws(VarveError) {
        try self.init(path, byteCount: byteCount, pool: isParkable ? .shared : nil)
    }

    init(_ path: String, byteCount: UInt64 = 0, pool: DescriptorPool?) throws(VarveError) {
        let (directory, file) = Paths.split(path)
        let temporary = Paths.join(directory, OutputFile.temporaryPrefix + file)
        let isLarge = byteCount >= Self.large
        pool?.reserve(isLarge ? 2 : 1)
        let descriptor: Int32
        do throws(VarveError) { descriptor = try Self.create(temporary, byteCount) } catch {
            pool?.giveBack(isLarge ? 2 : 1)
            throw error
        }
        let other = isLarge ? SystemCalls.openDirectly(descriptor, writing: true) : nil
        if isLarge, other == nil { pool?.giveBack(1) }
        self.path = path
        self.temporaryPath = temporary
        self.descriptor = PooledDescriptor(
            .init(file: descriptor, direct: other), path: temporary, pool: pool, reopening: .output)
        self.size = Atomic(byteCount)
        self.isParkable = pool != nil
        direct = other == nil ? nil : DirectWriter(self.descriptor, path: temporary)
    }

    /// From here on a file is written past the page cache, where its pieces are large enough.
    private static let large: UInt64 = 16 << 20

    /// A new file of a size.
    private static func create(_ path: String, _ byteCount: UInt64) throws(VarveError) -> Int32 {
        let descriptor = try create(path)
        do throws(VarveError) {
            if byteCount > 0 { try SystemCalls.truncate(descriptor, to: byteCount, path: path) }
        } catch {
            SystemCalls.discard(descriptor, path: path)
            try? SystemCalls.unlink(path)
            throw error
        }
        return descriptor
    }

    /// A new file, never one that is there: the name may have been left by a writer that ended, or be a link to a file
    /// elsewhere.
    private static func create(_ path: String) throws(VarveError) -> Int32 {
        let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW
        do throws(VarveError) {
            return try SystemCalls.open(path, flags: flags)
        } catch  where error.code == .exists {
            try SystemCalls.unlink(path)
            return try SystemCalls.open(path, flags: flags)
        }
    }

    deinit {
        guard !finished.load(ordering: .relaxed) else { return }
        try? direct?.finish()
        try? descriptor.close()
        try? SystemCalls.unlink(temporaryPath)
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(VarveError) {
        guard let direct, bytes.count >= DirectReader.largePiece else { return try writeCached(bytes, at: offset) }
        let done = try direct.write(bytes, at: offset)
        size.max(offset + UInt64(done), ordering: .relaxed)
        try writeCached(UnsafeRawBufferPointer(rebasing: bytes[done...]), at: offset + UInt64(done))
    }

    private func writeCached(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(VarveError) {
        guard var pointer = bytes.baseAddress else { return }
        direct?.waitForWrites(to: offset..<offset + UInt64(bytes.count))
        let open = try descriptor.pin()
        defer { descriptor.unpin() }
        var (offset, left) = (offset, bytes.count)
        while left > 0 {
            let count = try SystemCalls.write(open.file, pointer, left, at: offset, path: temporaryPath)
            pointer += count
            offset += UInt64(count)
            left -= count
            size.max(offset, ordering: .relaxed)
        }
    }

    package func write(_ bytes: [UInt8], at offset: UInt64) throws(VarveError) {
        var failure: VarveError?
        bytes.withUnsafeBytes { buffer in
            do throws(VarveError) { try write(buffer, at: offset) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Lets what was written to a range go to the disk, and its memory to others.
    package func release(_ range: Range<UInt64>) {
        guard let open = descriptor.pinIfOpen() else { return }
        defer { descriptor.unpin() }
        SystemCalls.release(open.file, range)
    }

    /// Cuts the file off.
    package func truncate(to byteCount: UInt64) throws(VarveError) {
        try direct?.finish()
        try descriptor.withDescriptor { (descriptor) throws(VarveError) in
            try SystemCalls.truncate(descriptor, to: byteCount, path: temporaryPath)
        }
        size.store(byteCount, ordering: .relaxed)
    }

    /// Reads back what was written.
    package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        guard !buffer.isEmpty else { return }
        try direct?.finish()
        try descriptor.withDescriptor { (descriptor) throws(VarveError) in
            try SystemCalls.readFully(descriptor, into: buffer, at: offset, path: temporaryPath)
        }
    }

    /// Waits until whoever opens the file reads what was written.
    package func finishWrites() throws(VarveError) { try direct?.finish() }

    /// Flushes, closes and renames to the final name. The directory is flushed by the caller, once for all its files.
    /// - Parameters:
    ///   - sync: whether to fsync first. Restored checkpoints and caches may leave it out, archives never.
    ///   - other: the final name where it was not known at the beginning, in the same directory.
    package func commit(sync: Bool = true, as other: String? = nil) throws(VarveError) {
        try direct?.finish()
        assert(!sync || !isParkable, "a file that is synced must not be parked")
        if sync {
            try descriptor.withDescriptor { (descriptor) throws(VarveError) in
                try SystemCalls.sync(descriptor, path: temporaryPath)
            }
        }
        finished.store(true, ordering: .relaxed)
        do throws(VarveError) {
            try descriptor.close()
            try SystemCalls.rename(temporaryPath, other ?? path)
        } catch {
            try? SystemCalls.unlink(temporaryPath)
            throw error
        }
    }

    /// Holes begin and end with the blocks of the file system.
    private static let page = 4096

    /// Writes bytes into a part of the file that was never written; whole pages of zeros stay holes.
    package func writeSparse(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(VarveError) {
        // The end of the run of pages that are not zero, and its beginning.
        var start = 0, position = 0
        while position < bytes.count {
            let toPage = Self.page - Int((offset + UInt64(position)) % UInt64(Self.page))
            let end = min(bytes.count, position + toPage)
            if UnsafeRawBufferPointer(rebasing: bytes[position..<end]).isConstant(0) {
                try write(UnsafeRawBufferPointer(rebasing: bytes[start..<position]), at: offset + UInt64(start))
                start = end
            }
            position = end
        }
        try write(UnsafeRawBufferPointer(rebasing: bytes[start...]), at: offset + UInt64(start))
    }
}

extension UnsafeRawBufferPointer {
    /// Whether every byte is `value`.
    package func isConstant(_ value: UInt8) -> Bool {
        guard let first else { return true }
        guard let base = baseAddress, first == value else { return false }
        return memcmp(base, base + 1, count - 1) == 0
    }
}
