import Dispatch
import Glibc
import Synchronization

/// The descriptor of a file, lent for the length of a call. Between calls a `DescriptorPool` may close it.
///
/// Safe from several threads.
final class PooledDescriptor: Sendable {
    /// How a file that was parked is opened again.
    enum Reopening: Sendable {
        /// For reading; it must still be what was opened first.
        case input(FileIdentity)
        /// For writing; it must still be the same inode.
        case output
    }

    struct Open: Sendable {
        var file: Int32
        /// Another descriptor of the file, past the page cache.
        var direct: Int32?
    }

    private struct State {
        var open: Open?
        /// Calls that use the descriptor.
        var users = 0
        /// When the last one began, by the pool's clock.
        var lastUse: UInt64 = 0
        /// Of an output, when it was parked.
        var parked: FileIdentity?
        /// What closing an output came to, or looking at it: bytes may be lost.
        var failure: VarveError?
    }

    private let path: String
    private let state: Mutex<State>
    /// Of a file that is never parked: it then costs no lock.
    private let held: Open?
    private let pool: DescriptorPool?
    private let reopening: Reopening
    private let isDirect: Bool
    /// Descriptors that a pool counts for it.
    let descriptorCount: Int
    /// Closings of an output that are under way.
    private let closings: DispatchGroup?

    /// - Parameters:
    ///   - open: what the owner opened; what `pool` has reserved for it.
    ///   - pool: `nil` for a file that is never parked.
    init(_ open: Open, path: String, pool: DescriptorPool?, reopening: Reopening) {
        self.path = path
        self.pool = pool
        self.reopening = reopening
        held = pool == nil ? open : nil
        isDirect = open.direct != nil
        descriptorCount = isDirect ? 2 : 1
        if case .output = reopening, pool != nil { closings = DispatchGroup() } else { closings = nil }
        var first = State(open: open)
        first.lastUse = pool?.tick() ?? 0
        state = Mutex(first)
        pool?.add(self)
    }

    /// The descriptors, which stay open until `unpin`.
    /// - Throws: `.sourceChanged` where the file was parked and is not any more what it was, and what opening throws; of an
    ///   output what closing it came to.
    func pin() throws(VarveError) -> Open {
        if let held { return held }
        return if let open = pinIfOpen() { open } else { try reopen() }
    }

    /// The same, unless the file is parked. Each one that is not `nil` needs its `unpin`.
    func pinIfOpen() -> Open? {
        guard let pool else { return held }
        return state.withLock { state in
            guard let open = state.open else { return nil }
            state.users += 1
            state.lastUse = pool.tick()
            return open
        }
    }

    func unpin() {
        if held == nil { state.withLock { $0.users -= 1 } }
    }

    /// Runs `body` with the file's descriptor.
    func withDescriptor<Result>(_ body: (Int32) throws(VarveError) -> Result) throws(VarveError) -> Result {
        let open = try pin()
        defer { unpin() }
        return try body(open.file)
    }

    /// Closes the file for good, when no call uses it any more.
    /// - Throws: `.inputOutput`, `.noSpace`: what was written may be lost.
    func close() throws(VarveError) {
        pool?.remove(self)
        let open = state.withLock { state in
            defer { state.open = nil }
            return state.open
        }
        if let open {
            if let direct = open.direct { SystemCalls.closeDirectly(direct) }
            return try SystemCalls.close(open.file, path: path)
        }
        closings?.wait()
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }
}

/// Parking.
extension PooledDescriptor {
    /// The highest while the file is in a call.
    var lastUse: UInt64 { state.withLock { $0.users > 0 ? .max : $0.lastUse } }

    /// Takes the descriptors of a file that is in no call; `park` must follow.
    func takeIfIdle() -> Open? {
        state.withLock { state in
            guard state.users == 0, let open = state.open else { return nil }
            state.open = nil
            closings?.enter()
            return open
        }
    }

    /// Closes what `takeIfIdle` gave.
    func park(_ open: Open) {
        if let direct = open.direct { SystemCalls.closeDirectly(direct) }
        guard let closings else { return SystemCalls.discard(open.file, path: path) }
        defer { closings.leave() }
        var identity: FileIdentity?
        var failure: VarveError?
        do throws(VarveError) { identity = FileIdentity(try SystemCalls.status(open.file, path: path)) } catch {
            failure = error
        }
        do throws(VarveError) { try SystemCalls.close(open.file, path: path) } catch { failure = failure ?? error }
        state.withLock { state in
            state.parked = identity
            state.failure = state.failure ?? failure
        }
    }

    private func reopen() throws(VarveError) -> Open {
        closings?.wait()
        if let failure = state.withLock({ $0.failure }) { throw failure }
        pool?.reserve(descriptorCount)
        let open: Open
        do throws(VarveError) { open = try openAgain() } catch {
            pool?.giveBack(descriptorCount)
            throw error
        }
        let other = state.withLock { state -> Open? in
            state.users += 1
            state.lastUse = pool?.tick() ?? 0
            if let other = state.open { return other }
            state.open = open
            return nil
        }
        guard let other else {
            pool?.add(self)
            return open
        }
        // Another thread was faster.
        if let direct = open.direct { SystemCalls.closeDirectly(direct) }
        SystemCalls.discard(open.file, path: path)
        pool?.giveBack(descriptorCount)
        return other
    }

    private func openAgain() throws(VarveError) -> Open {
        let flags: Int32
        switch reopening {
        case .input: flags = O_RDONLY | O_NONBLOCK
        case .output: flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK
        }
        let file: Int32
        do throws(VarveError) { file = try SystemCalls.open(path, flags: flags) } catch  where error.code == .notFound {
            throw changed(error)
        }
        do throws(VarveError) {
            let now = FileIdentity(try SystemCalls.status(file, path: path))
            switch reopening {
            case .input(let first):
                guard now.hasContent(of: first) else { throw changed() }
            case .output:
                guard let parked = state.withLock({ $0.parked }), now.kind == .regular, now.device == parked.device,
                    now.inode == parked.inode
                else { throw changed() }
            }
        } catch {
            SystemCalls.discard(file, path: path)
            throw error
        }
        return Open(file: file, direct: isDirect ? SystemCalls.openDirectly(file, writing: true) : nil)
    }

    private func changed(_ cause: VarveError? = nil) -> VarveError {
        switch reopening {
        case .input: VarveError(.sourceChanged, "the file changed while it was read", file: path, cause: cause)
        case .output:
            VarveError(.inputOutput, "another process removed or replaced unfinished work", file: path, cause: cause)
        }
    }
}
