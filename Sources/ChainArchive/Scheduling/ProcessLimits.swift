import Glibc
import FileSystem

/// How many processors and how much memory this process may use: not what the machine has. A batch job has four cores of a
/// node of a hundred, a container some gigabytes of its memory.
package struct ProcessLimits: Sendable {
    package var threads: Int
    /// Bytes that the control groups allow; `nil` where they set no limit.
    package var memory: UInt64?
    /// Bytes of addresses that are still free under `ulimit -v`; `nil` without such a limit.
    package var addresses: UInt64?

    /// Looked up once: the same for the whole of a process.
    package static let current = ProcessLimits(
        text: { read($0) }, environment: Environment.value)

    /// - Parameters:
    ///   - text: the content of a file of the system, `nil` where it cannot be read.
    ///   - environment: the value of a variable.
    ///   - online: processors of the machine.
    package init(
        text: (String) -> String?, environment: (String) -> String?,
        online: Int = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), addressLimit: UInt64? = ProcessLimits.addressLimit()
    ) {
        let groups = text("/proc/self/cgroup") ?? "", mounts = text("/proc/self/mountinfo") ?? ""
        var threads = max(1, online)
        if let allowed = text("/proc/self/status").flatMap({ ProcessLimits.allowedProcessors(status: $0) }) {
            threads = min(threads, allowed)
        }
        for directory in ControlGroups.directories(of: "cpu", groups: groups, mounts: mounts) {
            let share =
                text(directory + "/cpu.max").flatMap { ControlGroups.processors(max: $0) }
                ?? text(directory + "/cpu.cfs_quota_us").flatMap { quota in
                    text(directory + "/cpu.cfs_period_us").flatMap {
                        ControlGroups.processors(quota: quota, period: $0)
                    }
                }
            // Of one and a half processors two threads make the most.
            if let share { threads = min(threads, max(1, Int(share.rounded(.up)))) }
        }
        if let task = environment("SLURM_CPUS_PER_TASK").flatMap({ Int($0) }), task > 0 { threads = min(threads, task) }
        self.threads = threads
        memory = ControlGroups.directories(of: "memory", groups: groups, mounts: mounts).compactMap { directory in
            (text(directory + "/memory.max") ?? text(directory + "/memory.limit_in_bytes")).flatMap {
                ControlGroups.bytes($0)
            }
        }.min()
        addresses = addressLimit.map { limit in
            let taken = text("/proc/self/statm").flatMap { ProcessLimits.addressBytes(statm: $0) } ?? 0
            return limit > taken ? limit - taken : 0
        }
    }

    /// How many processors the system lets a process run on (`taskset`, cpusets), from `/proc/self/status`, which has it from
    /// the same place as `sched_getaffinity`.
    package static func allowedProcessors(status: String) -> Int? {
        let name = "Cpus_allowed_list:"
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return nil }
        var count = 0
        for range in line.dropFirst(name.count).split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            let ends = range.split(separator: "-").map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, last >= first else {
                return nil
            }
            count += last - first + 1
        }
        return count > 0 ? count : nil
    }

    /// Bytes of addresses that a process has taken, from `/proc/self/statm`.
    package static func addressBytes(statm: String) -> UInt64? {
        statm.split(separator: " ").first.flatMap { UInt64($0) }.map { $0 * UInt64(sysconf(Int32(_SC_PAGESIZE))) }
    }

    /// The limit on addresses (`ulimit -v`); `nil` where there is none.
    package static func addressLimit() -> UInt64? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur < .max >> 1 else {
            return nil
        }
        return UInt64(limit.rlim_cur)
    }

    /// The whole of a small file of the system.
    private static func read(_ path: String) -> String? {
        guard let descriptor = try? SystemCalls.open(path, flags: O_RDONLY) else { return nil }
        defer { SystemCalls.discard(descriptor, path: path) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16), content: [UInt8] = []
        while content.count < 1 << 20 {
            guard
                let count = try? SystemCalls.read(
                    descriptor, &bytes, bytes.count, at: UInt64(content.count), path: path),
                count > 0
            else { break }
            content += bytes[..<count]
        }
        return String(decoding: content, as: UTF8.self)
    }
}
