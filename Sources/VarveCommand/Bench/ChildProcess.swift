import Dispatch
import Glibc
import Synchronization
import Varve

/// This same program once more, in a process of its own: what it used of time and memory is then told by the system, and
/// is that of one piece of work. Or a command of the user's.
final class ChildProcess: Sendable {
    struct Outcome: Sendable {
        /// The exit code, or 128 and the number of the signal that ended it.
        var status: Int32
        /// By the clock, from its start to its end.
        var seconds: Double
        /// Of all threads, the system's part included.
        var processorSeconds: Double
        /// The most memory that it had at once.
        var peakBytes: UInt64
        /// What it wrote to standard error: this program's beginning, another's end.
        var error: String
    }

    enum Program: Sendable {
        /// Arguments after the program's name.
        case itself([String])
        /// What `/bin/sh` reads. All processes that come of it are a group, and are killed together.
        case shell(String)
    }

    private let began = ContinuousClock.now
    private let output: Int32
    private let error: Int32
    /// 0 when it has been reaped: its number may be another's from then on.
    private let process: Mutex<pid_t>
    private let isShell: Bool

    private static let mostOfError = 1 << 16

    /// Runs the program to its end; a cancelled task kills it.
    ///
    /// - Parameters:
    ///   - arguments: after the program's name.
    ///   - onLine: receives each line of its standard output.
    /// - Throws: `.interrupted`; `.inputOutput` where there can be no process.
    static func run(
        _ arguments: [String], onLine: @escaping @Sendable (String) -> Void
    ) async throws(VarveError) -> Outcome {
        try await run(.itself(arguments), onLine: onLine)
    }

    /// The same for any program.
    static func run(
        _ program: Program, onLine: @escaping @Sendable (String) -> Void
    ) async throws(VarveError) -> Outcome {
        let child = try ChildProcess(program)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Its end is waited for by a thread that has nothing else to do.
                DispatchQueue.global().async { continuation.resume(returning: child.wait(onLine)) }
            }
        } onCancel: {
            child.kill()
        }
        if Task.isCancelled { throw VarveError(.interrupted, "interrupted") }
        return outcome
    }

    private init(_ program: Program) throws(VarveError) {
        let output = try Self.makePipe()
        let error: [Int32]
        do throws(VarveError) { error = try Self.makePipe() } catch {
            output.forEach { close($0) }
            throw error
        }
        defer {
            close(output[1])
            close(error[1])
        }
        var actions = posix_spawn_file_actions_t(), attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output[1], 1)
        posix_spawn_file_actions_adddup2(&actions, error[1], 2)
        // This process ignores the signals that it has handlers for; what is ignored would stay so.
        var signals = sigset_t(), none = sigset_t()
        sigemptyset(&none)
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGPIPE, SIGXFSZ] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setsigmask(&attributes, &none)
        var flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        let path: String, arguments: [String]
        switch program {
        case .itself(let options):
            // Not the program's path: that may be another program's by now.
            (path, arguments, isShell) = ("/proc/self/exe", ["varve"] + options, false)
        case .shell(let command):
            (path, arguments, isShell) = ("/bin/sh", ["sh", "-c", command], true)
            flags |= POSIX_SPAWN_SETPGROUP
        }
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var number: pid_t = 0
        let result = posix_spawn(&number, path, &actions, &attributes, &words, environ)
        guard result == 0 else {
            close(output[0])
            close(error[0])
            throw Self.failure(result)
        }
        self.output = output[0]
        self.error = error[0]
        process = Mutex(number)
    }

    /// Both ends, which no other process gets that is started meanwhile.
    private static func makePipe() throws(VarveError) -> [Int32] {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw failure(errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return ends
    }

    private static func failure(_ number: Int32) -> VarveError {
        VarveError(.inputOutput, "starting a process failed: \(String(cString: strerror(number)))")
    }

    /// What it makes is of no use to anybody then, so it need not clean up.
    private func kill() {
        process.withLock { if $0 != 0 { _ = Glibc.kill(isShell ? -$0 : $0, SIGKILL) } }
    }

    /// Reads both streams to their ends, so that it never waits for a reader, and takes what the system knows of it.
    private func wait(_ onLine: (String) -> Void) -> Outcome {
        var line: [UInt8] = [], said: [UInt8] = []
        var streams = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0), pollfd(fd: error, events: Int16(POLLIN), revents: 0),
        ]
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while streams.contains(where: { $0.fd >= 0 }) {
            guard poll(&streams, nfds_t(streams.count), -1) > 0 else {
                if errno == EINTR { continue }
                break
            }
            for index in streams.indices where streams[index].fd >= 0 && streams[index].revents != 0 {
                let count = read(streams[index].fd, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    streams[index].fd = -1  // poll leaves out what is negative
                    continue
                }
                if index == 1 {
                    said += buffer[..<(isShell ? count : min(count, Self.mostOfError - said.count))]
                    if said.count > Self.mostOfError { said.removeFirst(said.count - Self.mostOfError) }
                    continue
                }
                line += buffer[..<count]
                while let end = line.firstIndex(of: UInt8(ascii: "\n")) {
                    onLine(String(decoding: line[..<end], as: UTF8.self))
                    line.removeSubrange(...end)
                }
            }
        }
        if !line.isEmpty { onLine(String(decoding: line, as: UTF8.self)) }
        close(output)
        close(error)
        return reap(String(decoding: said, as: UTF8.self))
    }

    private func reap(_ said: String) -> Outcome {
        var number = process.withLock { $0 }
        var information = siginfo_t()
        while waitid(P_PID, id_t(number), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        let seconds = Pace.seconds(.now - began)
        var usage = rusage(), status: Int32 = 0
        process.withLock { process in
            while wait4(number, &status, 0, &usage) < 0, errno == EINTR {}
            process = 0
            number = 0
        }
        let ended = status & 0x7F
        func of(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return Outcome(
            status: ended == 0 ? status >> 8 & 0xFF : 128 + ended, seconds: seconds,
            processorSeconds: of(usage.ru_utime) + of(usage.ru_stime),
            peakBytes: UInt64(max(0, usage.ru_maxrss)) << 10, error: said)
    }
}
