/// What the control groups of a process (a container's, a batch system's) let it have, read from the texts that Linux keeps
/// of them. Version 2 has one tree for all, version 1 one for each controller; both may be there at once.
package enum ControlGroups {
    /// The directories whose limits hold for a process: its own group's, and those of all groups above it.
    /// - Parameters:
    ///   - groups: `/proc/self/cgroup`.
    ///   - mounts: `/proc/self/mountinfo`.
    ///   - controller: `cpu` or `memory`.
    package static func directories(of controller: String, groups: String, mounts: String) -> [String] {
        var result: [String] = []
        for mount in mounts.split(separator: "\n").compactMap({ Mount($0) }) where mount.holds(controller) {
            guard let path = path(of: controller, groups: groups, isUnified: mount.isUnified) else { continue }
            result += directories(path, in: mount)
        }
        return result
    }

    /// The processors that a `cpu.max` allows ("150000 100000": one and a half); `nil` for all.
    package static func processors(max text: String) -> Double? {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 2 else { return nil }
        return processors(quota: String(words[0]), period: String(words[1]))
    }

    /// The processors that `cpu.cfs_quota_us` and `cpu.cfs_period_us` allow; `nil` for all.
    package static func processors(quota: String, period: String) -> Double? {
        guard let quota = number(quota), let period = number(period), quota > 0, period > 0 else { return nil }
        return Double(quota) / Double(period)
    }

    /// The bytes that a `memory.max` or `memory.limit_in_bytes` allows; `nil` for all. Version 1 writes "all" as the
    /// largest number of whole pages.
    package static func bytes(_ text: String) -> UInt64? {
        guard let bytes = number(text), bytes > 0, bytes < 1 << 60 else { return nil }
        return UInt64(bytes)
    }

    private static func number(_ text: String) -> Int64? {
        text.split(whereSeparator: \.isWhitespace).first.flatMap { Int64($0) }
    }

    /// The group of the process, as a path in the controller's tree.
    private static func path(of controller: String, groups: String, isUnified: Bool) -> String? {
        for line in groups.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let isMeant =
                isUnified
                ? fields[1].isEmpty && fields[0] == "0"
                : fields[1].split(separator: ",").contains(Substring(controller))
            if isMeant { return String(fields[2]) }
        }
        return nil
    }

    /// The directories of a group and of those above it, as far as the mount shows them.
    private static func directories(_ path: String, in mount: Mount) -> [String] {
        // In a container the mount's root is the group itself; what lies elsewhere is not to be seen.
        var rest = Substring(path)
        let root = mount.root == "/" ? "" : mount.root
        guard rest == root || rest.hasPrefix(root + "/") else { return [mount.point] }
        rest = rest.dropFirst(root.count)
        var result = [mount.point], current = mount.point
        for part in rest.split(separator: "/") {
            guard part != ".." else { return [mount.point] }
            current += (current.hasSuffix("/") ? "" : "/") + part
            result.append(current)
        }
        return result
    }
}

extension ControlGroups {
    /// A mounted tree of control groups.
    private struct Mount {
        var root: String
        var point: String
        var isUnified: Bool
        private var controllers: Set<Substring>

        /// Reads a line of `mountinfo`: `36 35 0:30 ROOT POINT rw,... [optional...] - cgroup2 cgroup2 rw,...`
        init?(_ line: Substring) {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count >= dash + 4 else { return nil }
            guard ["cgroup", "cgroup2"].contains(fields[dash + 1]) else { return nil }
            root = Mount.plain(fields[3])
            point = Mount.plain(fields[4])
            isUnified = fields[dash + 1] == "cgroup2"
            controllers = Set(fields[dash + 3].split(separator: ","))
        }

        func holds(_ controller: String) -> Bool { isUnified || controllers.contains(Substring(controller)) }

        /// Blanks and the like stand as octal numbers.
        private static func plain(_ field: Substring) -> String {
            [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")].reduce(String(field)) {
                $0.replacing($1.0, with: $1.1)
            }
        }
    }
}
