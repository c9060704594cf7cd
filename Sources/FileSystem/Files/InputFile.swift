import Glibc

/// A file opened for reading.
///
/// Reads are `pread` calls, not a mapping: a file that a trainer truncates or a network file system loses while Varve
/// reads it gives an error here, where a mapping would end the process with SIGBUS.
///
/// Many may be open at once: a `DescriptorPool` closes the descriptors of those that wait. A file that is opened again and
/// is not any more what it was gives `.sourceChanged` in whatever call that was.
package final class InputFile: ByteSource {
    package let name: String
    package let byteCount: UInt64
    package let identity: FileIdentity
    private let descriptor: PooledDescriptor
    /// Whether the file has been left alone so long that its file system has written it out: some have called what was
    /// not yet on disk a hole.
    private let isWrittenOut: Bool

    /// Opens a regular file (symbolic links are followed).
    /// - Parameter staysOpen: for a file that may lose its name while it is read: its descriptor is never closed before the
    ///   object goes away.
    /// - Throws: `.notFound`, `.permissionDenied`, `.inputOutput`; `.unsupported` where it is no regular file.
    package convenience init(_ path: String, staysOpen: Bool = false) throws(VarveError) {
        try self.init(path, pool: staysOpen ? nil : .shared)
    }

    init(_ path: String, pool: DescriptorPool?) throws(VarveError) {
        pool?.reserve(1)
        var isOpen = false
        defer { if !isOpen { pool?.giveBack(1) } }
        // Without O_NONBLOCK opening a FIFO would wait for a writer for ever.
        let descriptor = try SystemCalls.open(path, flags: O_RDONLY | O_NONBLOCK)
        do throws(VarveError) {
            let status = try SystemCalls.status(descriptor, path: path)
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw VarveError(.unsupported, "not a regular file", file: path)
            }
            self.name = path
            self.identity = FileIdentity(status)
            self.byteCount = UInt64(status.st_size)
            self.isWrittenOut = time(nil) - status.st_ctim.tv_sec > 60
        } catch {
            SystemCalls.discard(descriptor, path: path)
            throw error
        }
        self.descriptor = PooledDescriptor(
            .init(file: descriptor), path: path, pool: pool, reopening: .input(identity))
        isOpen = true
    }

    deinit { try? descriptor.close() }

    package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        guard !buffer.isEmpty else { return }
        guard offset <= UInt64(Int64.max) else {
            throw VarveError(.truncated, "offset beyond any file", file: name, offset: offset)
        }
        try descriptor.withDescriptor { (descriptor) throws(VarveError) in
            try SystemCalls.readFully(descriptor, into: buffer, at: offset, path: name)
        }
    }

    /// Past the page cache, where the bytes are not in it.
    package func readOnce(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        var done = 0
        if buffer.count >= DirectReader.largePiece {
            done = try descriptor.withDescriptor { (descriptor) throws(VarveError) in
                guard DirectReader.isWorthwhile(descriptor, at: offset, count: buffer.count),
                    let direct = DirectReader(descriptor, path: name)
                else { return 0 }
                return try direct.read(at: offset, into: buffer)
            }
        }
        try read(at: offset + UInt64(done), into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
    }

    package func prefetch(_ range: Range<UInt64>) {
        try? descriptor.withDescriptor { (descriptor) throws(VarveError) in SystemCalls.prefetch(descriptor, range) }
    }

    /// Whether the file system keeps nothing for the range: a hole of a sparse file.
    package func isHole(_ range: Range<UInt64>) -> Bool {
        guard isWrittenOut, range.upperBound <= byteCount else { return false }
        let isHole = try? descriptor.withDescriptor { (descriptor) throws(VarveError) in
            SystemCalls.isHole(descriptor, range, path: name)
        }
        return isHole ?? false
    }

    /// Throws `.sourceChanged` where what was opened has got another size or time since. As long as its descriptor is open,
    /// its name may be gone, or another file's: what was opened stays readable, and stays what it was.
    package func checkContent() throws(VarveError) {
        let now: FileIdentity
        if let open = descriptor.pinIfOpen() {
            defer { descriptor.unpin() }
            now = FileIdentity(try SystemCalls.status(open.file, path: name))
        } else {
            // What opening it again would find.
            do throws(VarveError) {
                now = try FileIdentity(path: name, following: true)
            } catch  where error.code == .notFound {
                throw changed
            }
        }
        guard now.hasContent(of: identity) else { throw changed }
    }

    private var changed: VarveError {
        VarveError(.sourceChanged, "the file changed while it was read", file: name)
    }

    /// Throws `.sourceChanged` where the file's size, time or inode differ from when it was opened.
    package func checkUnchanged() throws(VarveError) {
        let now = FileIdentity(try SystemCalls.status(name, following: true))
        guard now == identity else { throw changed }
    }
}
