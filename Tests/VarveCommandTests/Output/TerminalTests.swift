import Foundation
import Glibc
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

@testable import VarveCommand

/// What a person at a terminal sees, and what a program reads that is given the same.
@Suite struct TerminalTests {
    private let codes = ExitCodeTests()
    private let run = Paths.join(ExitCodeTests.fixtures, "odd-run")

    /// Runs the command with standard output and standard error on a terminal of so many columns.
    private func onTerminal(_ columns: UInt16, _ arguments: [String]) throws -> (status: Int32, text: String) {
        // By the numbers of the requests: the functions of the C library are not imported.
        let controller = Glibc.open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var number = Int32(0), locked = Int32(0)
        #expect(ioctl(controller, UInt(0x4004_5431), &locked) == 0)
        #expect(ioctl(controller, UInt(0x8004_5430), &number) == 0)
        let side = Glibc.open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        #expect(ioctl(side, UInt(TIOCSWINSZ), &size) == 0)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: ExitCodeTests.executable)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["TERM": "xterm"]) { $1 }
        process.standardOutput = FileHandle(fileDescriptor: side)
        process.standardError = FileHandle(fileDescriptor: side)
        try process.run()
        close(side)
        // Read all the time: a terminal that nobody reads from blocks whoever writes.
        var bytes: [UInt8] = [], buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(controller, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        close(controller)
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
    }

    private func lines(_ text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).map(String.init)
    }

    private func shell(_ script: String) throws -> ExitCodeTests.Outcome {
        let process = Process(), error = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script, "sh", ExitCodeTests.executable]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = error
        try process.run()
        let text = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return .init(status: process.terminationStatus, output: "", error: text)
    }

    @Test func tablesFitTheTerminalAndAreWholeInPipes() throws {
        let archive = codes.path("a.varve")
        #expect(try codes.varve("compress", run, archive).status == 0)
        for columns in [UInt16(100), 80, 72, 60, 50] {
            for arguments in [
                ["list", archive], ["report", archive], ["report", archive, "--by", "tensor"], ["inspect", run],
            ] {
                let shown = try onTerminal(columns, arguments)
                #expect(shown.status == 0)
                for line in lines(shown.text) { #expect(line.count <= Int(columns), "\(columns): \(line)") }
            }
        }
        // Every name as it is, once for all steps; with --steps once for each.
        let piped = lines(try codes.varve("report", archive, "--by", "tensor").output)
        #expect(!piped.contains { $0.contains("…") })
        let table = piped.dropFirst().prefix { $0.contains("  ") }
        let names = table.map { line in
            line.split(separator: " ").filter { Int($0) == nil }.prefix(3).joined(separator: " ")
        }
        let perStep = lines(try codes.varve("report", archive, "--by", "tensor", "--steps", "all").output)
        #expect(names.count > 3 && perStep.count > 2 * names.count)
        let columns = lines(try onTerminal(50, ["report", archive]).text)[0]
        #expect(columns.contains("stored") && columns.contains("ratio") && !columns.contains("coding"))
    }

    /// Columns that are missed least go first, and no number parts from its unit.
    @Test(arguments: [UInt16(60), 80]) func aReportIsReadableInANarrowTerminal(columns: UInt16) throws {
        let archive = codes.path("a.varve")
        #expect(try codes.varve("compress", run, archive).status == 0)
        for grouping in ["layer", "tensor", "role", "step", "file"] {
            let shown = lines(try onTerminal(columns, ["report", archive, "--by", grouping]).text)
            for title in ["stored", "ratio", "error"] { #expect(shown[0].contains(title), "\(shown[0])") }
            #expect(shown.contains { $0.hasPrefix("total: ") })
            for line in shown {
                #expect(line.count <= Int(columns), "\(line)")
                #expect(!line.contains(/^ *([kMGT]?B|%)($|[ ,.;)])/), "\(line)")
            }
        }
    }

    @Test func aNumberStaysWithItsUnit() {
        let text = "of 4 steps, 5.32 MB -> 138 kB, or 26.9 % (about 5 s)."
        for width in 20...60 {
            let broken = Prose.wrapped(text, width: width)
            #expect(lines(broken).allSatisfy { $0.count <= width })
            #expect(broken.replacing(/\n +/, with: " ") == text)
            for whole in ["5.32 MB", "138 kB,", "26.9 %", "5 s)."] { #expect(broken.contains(whole), "\(broken)") }
        }
    }

    @Test func theBarIsGoneWhenTheWorkIsDone() throws {
        let big = codes.path("big")
        for step in 1...2 {
            let file = SafetensorsMaker.file([TestTensor("w", shape: [1 << 18], seed: UInt64(step))])
            try codes.directory.write(file, to: "big/step_\(step).safetensors")
        }
        let shown = try onTerminal(90, ["compress", big, codes.path("b.varve"), "--quality", "lossless"])
        #expect(shown.status == 0)
        // What was drawn is wiped out before the next line, and nothing is left of it at the end.
        let last = try #require(lines(shown.text).last)
        #expect(last.hasPrefix("2 steps added"))
        for piece in shown.text.split(separator: "\r").filter({ $0.contains("  [") }) {
            #expect(piece.hasSuffix("\u{1B}[K") && piece.count <= 93)
        }
    }

    @Test func aFullOrClosedOutputIsAnErrorThatIsSaid() throws {
        let archive = codes.path("a.varve")
        #expect(try codes.varve("compress", run, archive).status == 0)
        let full = try shell("\"$1\" report '\(archive)' > /dev/full")
        #expect(full.status == 13 && full.error.contains("standard output"))
        let closed = try shell("\"$1\" report '\(archive)' >&-")
        #expect(closed.status == 1 && closed.error.contains("standard output"))
        let json = try shell("\"$1\" list '\(archive)' --json >&-")
        #expect(json.status == 1 && json.error.contains("\"type\":\"error\""))
        // Nothing is said, so nothing fails; and no file gets the closed descriptor's number.
        #expect(try shell("\"$1\" compress '\(run)' '\(codes.path("c.varve"))' -q >&- 2>&-").status == 0)
        #expect(try codes.varve("verify", codes.path("c.varve"), "--deep").status == 0)
    }

    @Test func wrongCallsSayWhatWasMeant() throws {
        let archive = codes.path("run.varve")
        #expect(try codes.varve("compress", run, archive).status == 0)
        for (arguments, text) in [
            (["compres", run], "did you mean \"compress\"?"), (["help", "nosuch"], "no command \"nosuch\""),
            (["compress", run, archive, "--threads", "-3"], "--threads: -3 is negative"),
            (["restore", archive, "--step", "-4", "-o", codes.path("o")], "0-4"),
            (["compress", archive], "that is an archive"), (["inspect", archive], "that is an archive"),
        ] {
            let outcome = try codes.varve(arguments)
            #expect(outcome.status == 2 && outcome.error.contains(text), "\(outcome)")
            #expect(outcome.error.hasPrefix("varve: ") && outcome.output.isEmpty)
        }
        let beside = try codes.varve("report", codes.path("run"))
        #expect(beside.status == 1 && beside.error.contains("did you mean \(archive)?"))
        // An error comes alone, before anything is announced.
        let missing = try codes.varve("compress", codes.path("nosuch"))
        #expect(missing.status == 1 && lines(missing.error).count == 1)
        #expect(try codes.varve("compress").error.hasPrefix("varve: "))
    }

    @Test func stepsAreNamedInOneWay() throws {
        let archive = codes.path("a.varve")
        #expect(try codes.varve("compress", run, archive).status == 0)
        func restored(_ steps: String, _ name: String) throws -> [String] {
            #expect(try codes.varve("restore", archive, "--steps", steps, "-o", codes.path(name)).status == 0)
            return try SystemCalls.list(codes.path(name))
        }
        #expect(try restored("100-200", "o1") == ["ckpt_100.pt", "ckpt_200.pt"])
        #expect(try restored("100,latest", "o2") == ["ckpt_100.pt", "ckpt_300.pt"])
        #expect(try restored("ckpt_200.pt", "o3") == ["ckpt_200.pt"])
        #expect(try restored("ckpt_200", "o4") == ["ckpt_200.pt"])
        #expect(try codes.varve("restore", archive, "--step", "ckpt_7", "-o", codes.path("o5")).status == 2)
        #expect(try codes.varve("restore", archive, "--steps", "400-", "-o", codes.path("o5")).status == 2)
        #expect(try codes.varve("pin", archive, "--steps", "ckpt_100,latest").output == "pinned: 100, 300\n")
        #expect(try codes.varve("pin", archive, "--steps", "all", "--remove").output == "nothing is pinned\n")
        #expect(try codes.varve("forget", archive, "--steps", "ckpt_100").output.hasPrefix("forgot 1 step;"))
        #expect(try codes.varve("forget", archive, "--undo", "--steps", "ckpt_100").output == "back: 100\n")
        let report = try codes.varve("report", archive, "--by", "step", "--steps", "ckpt_100,latest", "--csv").output
        #expect(lines(report).count == 3)
    }
}
