import Glibc
import FileSystem

/// What a lock file says of its owner: a line for people, and behind it what tells whether the owner is still there.
///
///     process 4711 on node3 since 2026-01-31T23:59:59Z: varve compress out
///     started 1234567 boot 5b1c... namespace pid:[4026531836]
struct LockNote: Equatable {
    var process: Int32
    var host: String
    /// UTC, `2026-01-31T23:59:59Z`.
    var since: String
    var command: String
    /// When the process began, as the system counts it; one of the same number may have come since.
    var started: String
    var boot: String
    /// Containers of one host may count processes each for itself.
    var namespace: String

    var line: String { "process \(process) on \(host) since \(since): \(command)" }
    var bytes: [UInt8] { Array("\(line)\nstarted \(started) boot \(boot) namespace \(namespace)\n".utf8) }

    /// No note is longer.
    static let limit = 4096

    /// The note of this process.
    static func own() -> LockNote {
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, host.count - 1)
        let command = CommandLine.arguments.enumerated().map { $0 == 0 ? Paths.split($1).name : $1 }
            .joined(separator: " ").replacing("\n", with: " ")
        return LockNote(
            process: getpid(),
            host: String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self),
            since: now(), command: String(command.prefix(200)), started: startTime(of: getpid()) ?? "-",
            boot: text("/proc/sys/kernel/random/boot_id")?.trimmed ?? "-",
            namespace: (try? SystemCalls.readSymbolicLink("/proc/self/ns/pid")) ?? "-")
    }

    init(
        process: Int32, host: String, since: String, command: String, started: String, boot: String, namespace: String
    ) {
        self.process = process
        self.host = host
        self.since = since
        self.command = command
        self.started = started
        self.boot = boot
        self.namespace = namespace
    }

    /// Reads a note; `nil` for anything that `bytes` does not make, such as a note of an older release.
    init?(_ bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 3, lines[2].isEmpty else { return nil }
        let words = lines[0].split(separator: " ", maxSplits: 6, omittingEmptySubsequences: false)
        let facts = lines[1].split(separator: " ")
        guard words.count == 7, words[0] == "process", words[2] == "on", words[4] == "since", words[5].hasSuffix(":"),
            let process = Int32(words[1]), process > 0, facts.count == 6, facts[0] == "started", facts[2] == "boot",
            facts[4] == "namespace"
        else { return nil }
        self.init(
            process: process, host: String(words[3]), since: String(words[5].dropLast()), command: String(words[6]),
            started: String(facts[1]), boot: String(facts[3]), namespace: String(facts[5]))
    }

    /// Whether the owner is certainly gone. Of another host, or of another container, nobody can know.
    var isStale: Bool {
        let own = LockNote.own()
        guard host == own.host, namespace == own.namespace, boot != "-", own.boot != "-", namespace != "-" else {
            return false
        }
        // Process numbers mean nothing across a restart.
        if boot != own.boot { return true }
        guard Self.text("/proc/self/stat") != nil else { return false }
        return Self.startTime(of: process) != started
    }

    /// When a process began; `nil` where there is none of that number.
    private static func startTime(of process: Int32) -> String? {
        // The second field, the program's name in brackets, may hold anything.
        guard let stat = text("/proc/\(process)/stat"), let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        return fields.count > 19 ? String(fields[19]) : nil
    }

    /// The content of a short file of the system.
    private static func text(_ path: String) -> String? {
        guard let descriptor = try? SystemCalls.open(path, flags: O_RDONLY) else { return nil }
        defer { SystemCalls.discard(descriptor, path: path) }
        return try? String(decoding: read(descriptor, path), as: UTF8.self)
    }

    /// The first bytes of an open lock file.
    static func read(_ descriptor: Int32, _ path: String) throws(VarveError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = try SystemCalls.read(descriptor, &bytes, bytes.count, at: 0, path: path)
        return Array(bytes[..<count])
    }

    private static func now() -> String {
        var seconds = time(nil), parts = tm()
        gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension String {
    /// Without blanks and line ends around it.
    fileprivate var trimmed: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
