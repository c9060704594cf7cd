import Foundation
import Glibc
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// The command under limits of the system, and beside another writer.
@Suite struct LimitsTests {
    let codes = ExitCodeTests()
    private var run: String { Paths.join(ExitCodeTests.fixtures, "hf-trainer-run") }

    /// Runs the command under a limit of the shell; one that never ends is ended after two minutes, with code 124.
    private func limited(_ limit: String, _ arguments: [String]) throws -> ExitCodeTests.Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments =
            ["-c", "ulimit \(limit) && exec timeout 120 \"$@\"", "sh", ExitCodeTests.executable] + arguments
        let output = codes.path("limited-out"), error = codes.path("limited-err")
        for path in [output, error] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: error)
        try process.run()
        process.waitUntilExit()
        return ExitCodeTests.Outcome(
            status: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
            error: try String(contentsOfFile: error, encoding: .utf8))
    }

    private func parts(_ archive: String) throws -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for file in try SharedRuns.files(under: archive) where file.hasSuffix(".part") {
            let input = try InputFile(file)
            result[String(file.dropFirst(archive.count))] = try input.bytes(at: 0, count: Int(input.byteCount))
        }
        return result
    }

    @Test func fewAddressesAreEnoughOrSaidToBeTooFew() throws {
        let whole = codes.path("whole.varve")
        #expect(try codes.varve("compress", run, whole, "-q").status == 0)
        for kilobytes in [200_000, 300_000, 400_000, 700_000, 1_000_000] {
            let archive = codes.path("\(kilobytes).varve")
            let outcome = try limited("-v \(kilobytes)", ["compress", run, archive, "--threads", "2"])
            if outcome.status == 0 {
                #expect(outcome.output.hasPrefix("5 steps added") && outcome.output.filter(\.isNewline).count == 1)
                #expect(try parts(archive) == parts(whole), "\(kilobytes)")
            } else {
                #expect(outcome.status == 1 && outcome.output.isEmpty, "\(kilobytes): \(outcome)")
                #expect(outcome.error.contains("memory"), "\(kilobytes): \(outcome)")
            }
            // Room enough for the program and this run.
            if kilobytes >= 700_000 { #expect(outcome.status == 0, "\(outcome)") }
        }
    }

    @Test func aSmallStackIsSaidToBeTooSmall() throws {
        let outcome = try limited("-s 64", ["list", codes.path("none.varve"), "--json"])
        #expect(
            outcome.status == 1 && outcome.error.contains("stack") && outcome.error.contains("memory"), "\(outcome)")
    }

    @Test func aCeilingBelowTheProgramItselfIsRefusedBeforeAnything() throws {
        let archive = codes.path("a.varve")
        #expect(try codes.varve("compress", run, archive, "--steps", "200", "-q").status == 0)
        for arguments in [
            ["compress", run, archive, "--steps", "200"], ["restore", archive, "--step", "200", "-o", codes.path("o")],
            ["verify", archive],
        ] {
            let outcome = try codes.varve(arguments + ["--memory", "1"])
            #expect(outcome.status == 2 && outcome.error.contains("--memory must be 100MB or more"), "\(outcome)")
        }
        #expect(!Directories.exists(codes.path("o")))
    }

    @Test func aWriterWaitsAndSaysSoOnce() throws {
        let archive = codes.path("a.varve")
        #expect(try codes.varve("compress", run, archive, "--steps", "200", "-q").status == 0)
        let descriptor = try SystemCalls.open(Paths.join(archive, "lock"), flags: O_RDWR | O_CREAT)
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        for command in [["compress", run, archive], ["pin", archive, "--steps", "200"], ["prune", archive]] {
            for option in [["--wait", "0.5"], ["--wait=0.5"]] {
                let waited = try codes.varve(command + option)
                #expect(waited.status == 11, "\(waited)")
                #expect(
                    waited.error.components(separatedBy: "waiting: another process writes").count == 2, "\(waited)")
            }
            let impatient = try codes.varve(command)
            #expect(impatient.status == 11 && !impatient.error.contains("waiting"), "\(impatient)")
        }
        try FileManager.default.removeItem(atPath: Paths.join(archive, "lock"))
        close(descriptor)
        #expect(try codes.varve("pin", archive, "--steps", "200", "--wait").status == 0)
        #expect(try codes.varve("pin", archive, "--wait", "-1").status == 2)
    }
}
