@testable import ChainArchive
import Testing

/// What a process may use, from the texts that the system keeps of it.
@Suite struct ProcessLimitsTests {
    private func limits(
        _ files: [String: String], _ environment: [String: String] = [:], online: Int = 128, addresses: UInt64? = nil
    ) -> ProcessLimits {
        ProcessLimits(
            text: { files[$0] }, environment: { environment[$0] }, online: online, addressLimit: addresses)
    }

    @Test func processorsOfAList() {
        for (list, count) in [("0-3", 4), ("0", 1), ("0-3,8,10-11", 7), ("", nil), ("3-1", nil), ("x", nil)]
            as [(String, Int?)]
        {
            let status = "Name:\tvarve\nCpus_allowed:\tff\nCpus_allowed_list:\t\(list)\nMems_allowed:\t1\n"
            #expect(ProcessLimits.allowedProcessors(status: status) == count, "\(list)")
        }
        #expect(ProcessLimits.allowedProcessors(status: "Name:\tvarve\n") == nil)
    }

    @Test func sharesOfProcessors() {
        #expect(ControlGroups.processors(max: "max 100000\n") == nil)
        #expect(ControlGroups.processors(max: "150000 100000\n") == 1.5)
        #expect(ControlGroups.processors(max: "") == nil)
        #expect(ControlGroups.processors(quota: "-1\n", period: "100000\n") == nil)
        #expect(ControlGroups.processors(quota: "400000\n", period: "100000\n") == 4)
        #expect(ControlGroups.processors(quota: "400000", period: "0") == nil)
    }

    @Test func bytesOfLimits() {
        #expect(ControlGroups.bytes("max\n") == nil)
        #expect(ControlGroups.bytes("2147483648\n") == 1 << 31)
        // Version 1 without a limit.
        #expect(ControlGroups.bytes("9223372036854771712\n") == nil)
        #expect(ControlGroups.bytes("-1") == nil && ControlGroups.bytes("") == nil)
    }

    private static let unified = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
    private static let separate = """
        22 1 8:1 / / rw - ext4 /dev/sda1 rw
        33 32 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
        34 32 0:30 /docker/abc /sys/fs/cgroup/my\\040memory rw,nosuid - cgroup cgroup rw,memory
        """

    @Test func aGroupAndAllAboveIt() {
        #expect(
            ControlGroups.directories(of: "cpu", groups: "0::/slurm/job_7/step_0\n", mounts: Self.unified)
                == [
                    "/sys/fs/cgroup", "/sys/fs/cgroup/slurm", "/sys/fs/cgroup/slurm/job_7",
                    "/sys/fs/cgroup/slurm/job_7/step_0",
                ])
        #expect(ControlGroups.directories(of: "cpu", groups: "0::/\n", mounts: Self.unified) == ["/sys/fs/cgroup"])
        #expect(ControlGroups.directories(of: "cpu", groups: "", mounts: Self.unified) == [])
        #expect(ControlGroups.directories(of: "cpu", groups: "0::/a\n", mounts: "") == [])
        // Outside of the own namespace.
        #expect(ControlGroups.directories(of: "cpu", groups: "0::/../b\n", mounts: Self.unified) == ["/sys/fs/cgroup"])
    }

    @Test func eachControllerHasItsTree() {
        let groups = "5:memory:/docker/abc/sub\n4:cpuacct,cpu:/docker/abc\n0::/ignored\n"
        #expect(
            ControlGroups.directories(of: "cpu", groups: groups, mounts: Self.separate)
                == [
                    "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct/docker",
                    "/sys/fs/cgroup/cpu,cpuacct/docker/abc",
                ])
        // The mount's root is the container's group.
        #expect(
            ControlGroups.directories(of: "memory", groups: groups, mounts: Self.separate)
                == ["/sys/fs/cgroup/my memory", "/sys/fs/cgroup/my memory/sub"])
        #expect(
            ControlGroups.directories(of: "memory", groups: "5:memory:/elsewhere\n", mounts: Self.separate)
                == ["/sys/fs/cgroup/my memory"])
    }

    @Test func theLeastOfAllCounts() {
        let files = [
            "/proc/self/status": "Cpus_allowed_list:\t0-63\n", "/proc/self/cgroup": "0::/job/step\n",
            "/proc/self/mountinfo": Self.unified, "/sys/fs/cgroup/job/cpu.max": "350000 100000\n",
            "/sys/fs/cgroup/job/step/cpu.max": "max 100000\n", "/sys/fs/cgroup/job/memory.max": "4294967296\n",
            "/sys/fs/cgroup/job/step/memory.max": "max\n",
        ]
        #expect(limits(files).threads == 4 && limits(files).memory == 1 << 32)
        #expect(limits(files, ["SLURM_CPUS_PER_TASK": "2"]).threads == 2)
        #expect(limits(files, ["SLURM_CPUS_PER_TASK": "0"]).threads == 4)
        #expect(limits(files, online: 3).threads == 3)
        #expect(limits([:]).threads == 128 && limits([:]).memory == nil && limits([:]).addresses == nil)
        #expect(limits(["/proc/self/status": "Cpus_allowed_list:\t0-63\n"]).threads == 64)
    }

    @Test func limitsOfVersionOne() {
        let files = [
            "/proc/self/cgroup": "5:memory:/docker/abc\n4:cpuacct,cpu:/docker/abc\n",
            "/proc/self/mountinfo": Self.separate,
            "/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "50000\n",
            "/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/my memory/memory.limit_in_bytes": "1073741824\n",
        ]
        #expect(limits(files).threads == 1 && limits(files).memory == 1 << 30)
    }

    @Test func addressesThatAreLeft() {
        let page = ProcessLimits.addressBytes(statm: "1 1 1 1 0 1 0\n") ?? 0
        #expect(page >= 4096 && ProcessLimits.addressBytes(statm: "") == nil)
        #expect(limits(["/proc/self/statm": "100 9 9\n"], addresses: 300 * page).addresses == 200 * page)
        #expect(limits(["/proc/self/statm": "400 9 9\n"], addresses: 300 * page).addresses == 0)
    }
}
