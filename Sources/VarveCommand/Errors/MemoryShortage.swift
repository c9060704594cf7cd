import CGlibc
import Glibc

/// The end of a process that its limits let have too little memory: said in words, never a loop or a bare signal.
///
/// What the work needs is compared with the limits before it begins. Some of it nobody asks for by name: tables, the
/// runtime's own objects, a thread's stack. Where those are refused the runtime ends the process; then this says why.
enum MemoryShortage {
    /// Addresses below which not even the threads can begin.
    private static let leastAddresses = 48 << 20
    private static let leastStack = 256 << 10
    /// Addresses of each thread's stack. The system's own default, 8 MB, is more than any thread here comes near.
    private static let threadStack = 1 << 20

    private static nonisolated(unsafe) var message: [UInt8] = []
    /// Whether addresses are limited. Then libraries may not have got the threads that they would wait for at the end.
    private(set) static nonisolated(unsafe) var isLimited = false

    /// Looks at the limits before anything is begun.
    static func prepare() {
        let stack = limit(RLIMIT_STACK.rawValue)
        if let stack, stack < leastStack {
            end(
                "too little memory: the stack is limited to \(stack / 1000) kB (ulimit -s), \(leastStack / 1000) kB is "
                    + "the least")
        }
        guard let addresses = limit(RLIMIT_AS.rawValue) else { return }
        isLimited = true
        limitStacks()
        // Taken and given back: a limit says nothing of what is taken already.
        let block = mmap(nil, leastAddresses, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let block, block != MAP_FAILED else {
            end(
                "too little memory: the limit on addresses, \(addresses / 1_000_000) MB (ulimit -v), leaves no room to "
                    + "work in")
        }
        munmap(block, leastAddresses)
        message = text(
            "out of memory, as it seems: addresses are limited to \(addresses / 1_000_000) MB (ulimit -v); fewer "
                + "--threads need less")
        for number in [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS] {
            signal(number) { _ in
                MemoryShortage.message.withUnsafeBufferPointer { _ = write(2, $0.baseAddress, $0.count) }
                _exit(ExitStatus.failed)
            }
        }
    }

    /// Makes the stacks of threads smaller. A thread that cannot be begun is no error to the system's queues: they try again
    /// every second, for ever, and no signal ends them.
    private static func limitStacks() {
        var attributes = pthread_attr_t()
        guard pthread_attr_init(&attributes) == 0 else { return }
        defer { pthread_attr_destroy(&attributes) }
        if pthread_attr_setstacksize(&attributes, threadStack) == 0 { pthread_setattr_default_np(&attributes) }
    }

    private static func text(_ text: String) -> [UInt8] {
        let document = ErrorDocument(code: "noMemory", exit: ExitStatus.failed, message: text)
        let line = ErrorDocument.isWanted ? try? JSONText.line("error", document) : nil
        return Array(((line ?? "varve: \(text)") + "\n").utf8)
    }

    private static func end(_ reason: String) -> Never {
        let line = text(reason)
        line.withUnsafeBufferPointer { _ = write(2, $0.baseAddress, $0.count) }
        _exit(ExitStatus.failed)
    }

    /// A limit in bytes; `nil` where there is none.
    private static func limit(_ resource: UInt32) -> Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(resource), &limit) == 0, limit.rlim_cur < .max >> 1 else { return nil }
        return Int(limit.rlim_cur)
    }
}
