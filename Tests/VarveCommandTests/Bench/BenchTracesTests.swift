import Foundation
import Glibc
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// However `varve bench` ends, the run is as it was and nothing is left of what it made.
@Suite struct BenchTracesTests {
    let codes = ExitCodeTests()

    private func makeRun(elements: Int) throws -> String {
        for step in 1...2 {
            let file = SafetensorsMaker.file([TestTensor("w", shape: [elements], seed: UInt64(step))])
            try codes.directory.write(file, to: "run/step_\(step).safetensors")
        }
        try Directories.create(codes.path("scratch"))
        return codes.path("run")
    }

    /// Names, sizes and times.
    private func state(_ root: String) throws -> [String: FileIdentity] {
        var found = ["": try FileIdentity(path: root)]
        for name in try SystemCalls.list(root) { found[name] = try FileIdentity(path: Paths.join(root, name)) }
        return found
    }

    private func left() throws -> [String] { try SystemCalls.list(codes.path("scratch")) }

    /// The script's `$0` is the command, `$1` the run, `$2` the directory to work in.
    private func shell(_ script: String, _ run: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script, ExitCodeTests.executable, run, codes.path("scratch")]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test func theRunIsOnlyReadAndNothingIsLeft() throws {
        let run = try makeRun(elements: 1000), before = try state(run), around = try SystemCalls.list(codes.path("."))
        let outcome = try codes.varve(
            "bench", run, "--qualities", "lossless,balanced", "--scratch", codes.path("scratch"))
        #expect(outcome.status == 0, "\(outcome)")
        #expect(try state(run) == before && left() == [])
        #expect(Set(try SystemCalls.list(codes.path("."))).subtracting(around).isSubset(of: ["stdout", "stderr"]))
    }

    @Test func whatAKilledOneLeftGoesAndAnothersStays() throws {
        let run = try makeRun(elements: 1000)
        for number in [1, 2] {
            try codes.directory.write([1], to: "scratch/.varve-tmp-bench-\(number)/restored/file")
        }
        let busy = codes.path("scratch/.varve-tmp-bench-1")
        let descriptor = try SystemCalls.open(busy, flags: O_RDONLY | O_DIRECTORY)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        let outcome = try codes.varve("bench", run, "--qualities", "lossless", "--scratch", codes.path("scratch"))
        #expect(outcome.status == 0, "\(outcome)")
        #expect(try left() == [".varve-tmp-bench-1"])
        #expect(try InputFile(Paths.join(busy, "restored/file")).byteCount == 1)
    }

    @Test func noSpaceIsThirteenAndLeavesNothing() throws {
        let run = try makeRun(elements: 1 << 16)
        #expect(try shell("ulimit -f 8; exec \"$0\" bench \"$1\" --scratch \"$2\"", run) == 13)
        #expect(try left() == [])
    }

    @Test func nothingIsLeftWhenNobodyReadsOn() throws {
        let run = try makeRun(elements: 1 << 16)
        let script = "{ \"$0\" bench \"$1\" --scratch \"$2\" --json-lines; echo $? > \"$2.status\"; } | head -n 1"
        #expect(try shell(script, run) == 0)
        #expect(try String(contentsOfFile: codes.path("scratch.status"), encoding: .utf8) == "141\n")
        #expect(try left() == [])
    }

    /// The signal goes to the one process, not to the one that works for it.
    @Test(arguments: [SIGINT, SIGTERM]) func aSignalIsItsNumberAndEndsAllOfIt(signal: Int32) throws {
        let run = try makeRun(elements: 1 << 20), scratch = codes.path("scratch")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: ExitCodeTests.executable)
        process.arguments = ["bench", run]
        process.environment = ProcessInfo.processInfo.environment.merging(["TMPDIR": scratch]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let archive = Paths.join(scratch, ".varve-tmp-bench-1/archive.varve")
        while process.isRunning, !Directories.exists(archive) { usleep(200) }
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 128 + signal)
        #expect(try left() == [])
        // Both have the environment of this test.
        for name in try SystemCalls.list("/proc") where Int(name) != nil {
            let environment = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(name)/environ"))) ?? Data()
            #expect(environment.range(of: Data("TMPDIR=\(scratch)\0".utf8)) == nil, "process \(name)")
        }
    }
}
