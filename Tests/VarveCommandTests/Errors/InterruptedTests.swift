import Foundation
import Glibc
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// Exit codes for what happens to the command from outside.
@Suite struct InterruptedTests {
    let codes = ExitCodeTests()

    private func shell(_ script: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script, "sh", ExitCodeTests.executable, codes.path(".")]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test func aLockedArchiveIsEleven() throws {
        let run = Paths.join(ExitCodeTests.fixtures, "odd-run"), archive = codes.path("a.varve")
        #expect(try codes.varve("compress", run, archive).status == 0)
        let descriptor = try SystemCalls.open(Paths.join(archive, "lock"), flags: O_RDWR | O_CREAT)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        #expect(try codes.varve("compress", run, archive).status == 11)
        // Readers need no lock.
        #expect(try codes.varve("verify", archive).status == 0)
        #expect(try codes.varve("list", archive).status == 0)
        #expect(try codes.varve("restore", archive, "--step", "100", "-o", codes.path("o")).status == 0)
    }

    @Test func noSpaceIsThirteenAndLeavesNothing() throws {
        let run = Paths.join(ExitCodeTests.fixtures, "odd-run"), archive = codes.path("b.varve")
        let status = try shell("ulimit -f 8; exec \"$1\" compress '\(run)' '\(archive)'")
        #expect(status == 13)
        #expect(try SystemCalls.list(Paths.join(archive, "steps")) == [])
        #expect(try codes.varve("compress", run, archive).status == 0)
        #expect(try shell("ulimit -f 8; exec \"$1\" restore '\(archive)' --step all -o '\(codes.path("r"))'") == 13)
        #expect(!Directories.exists(codes.path("r")))
        #expect(!Directories.exists(codes.path(OutputFile.temporaryPrefix + "r")))
    }

    /// The signal comes when the first step is being written.
    @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func aSignalIsItsNumberAndLeavesNothing(signal: Int32) throws {
        let run = codes.path("run"), archive = codes.path("c\(signal).varve")
        for step in 1...6 {
            let file = SafetensorsMaker.file([TestTensor("w", shape: [1 << 18], seed: UInt64(step))])
            try codes.directory.write(file, to: "run/step_\(step).safetensors")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: ExitCodeTests.executable)
        process.arguments = ["compress", run, archive, "--keyframe-every", "1"]
        process.standardOutput = FileHandle.nullDevice
        let said = Pipe()
        process.standardError = said
        try process.run()
        while process.isRunning, ((try? SystemCalls.list(Paths.join(archive, "steps"))) ?? []).isEmpty { usleep(200) }
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        // It may have been through already where the machine was busy.
        guard process.terminationStatus != 0 else { return }
        #expect(process.terminationReason == .exit && process.terminationStatus == 128 + signal)
        let error = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(
            error.contains("of the 6 steps to add") && error.contains("the same command goes on")
                && !error.contains("()"))
        let unfinished = try SystemCalls.list(Paths.join(archive, "steps")).filter {
            !Directories.exists(Paths.join(archive, "steps/\($0)"))
                || (try? FileIdentity(path: Paths.join(archive, "steps/\($0)/step.manifest"))) == nil
        }
        #expect(unfinished == [])
        #expect(try codes.varve("verify", archive, "--deep").status == 0)
        #expect(try codes.varve("compress", run, archive).status == 0)
        #expect(try codes.varve("list", archive, "--json").output.contains("\"step\" : 6"))
    }
}
