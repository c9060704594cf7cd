import Foundation
import Glibc
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

/// An archive that may not be written to is read like any other; what would write to it says why it cannot.
@Suite struct ReadOnlyArchiveTests {
    let codes = ExitCodeTests()

    /// What makes an archive read-only, and the system's word for it.
    enum Way: String, CaseIterable, Sendable {
        case mode, mount

        var cause: String { self == .mode ? "Permission denied" : "Read-only file system" }

        /// Runs `$2 ...` on the archive `$1`. The superuser may write whatever the mode, unless it gives up that right.
        var script: String {
            switch self {
            case .mode where geteuid() != 0: #"shift; exec "$@""#
            case .mode: #"shift; exec setpriv --bounding-set -dac_override,-dac_read_search -- "$@""#
            case .mount:
                #"mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@""#
            }
        }

        var command: [String] { self == .mode ? ["sh", "-c"] : ["unshare", "-m", "sh", "-c"] }

        /// Whether this system and user can do it; where not, the test is skipped and says so.
        var isPossible: Bool {
            guard let directory = try? TemporaryDirectory() else { return false }
            let inside = Paths.join(directory.path, "inside")
            guard mkdir(inside, 0o555) == 0 else { return false }
            let isUsable = try? ReadOnlyArchiveTests.run(
                command + [script, "sh", inside, "test", "-d", inside], from: directory.path)
            let isWritable = try? ReadOnlyArchiveTests.run(
                command + [script, "sh", inside, "touch", Paths.join(inside, "file")], from: directory.path)
            return isUsable?.status == 0 && isWritable?.status == 1
        }
    }

    static func run(_ arguments: [String], from directory: String) throws -> ExitCodeTests.Outcome {
        let process = Process(), output = Pipe(), error = Paths.join(directory, "stderr")
        _ = FileManager.default.createFile(atPath: error, contents: nil)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = FileHandle(forWritingAtPath: error)
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return .init(
            status: process.terminationStatus, output: text, error: try String(contentsOfFile: error, encoding: .utf8))
    }

    @Test(.enabled(if: Way.mode.isPossible, "needs a user whom modes bind, or setpriv"))
    func aModeThatForbidsWriting() throws { try check(.mode) }

    @Test(.enabled(if: Way.mount.isPossible, "needs the right to mount"))
    func aMountThatForbidsWriting() throws { try check(.mount) }

    private func check(_ way: Way) throws {
        let run = Paths.join(ExitCodeTests.fixtures, "odd-run"), archive = codes.path("a.varve")
        #expect(try codes.varve("compress", run, archive, "-q").status == 0)
        #expect(try codes.varve("forget", archive, "--steps", "100", "-q").status == 0)
        let paths = (FileManager.default.enumerator(atPath: archive)?.allObjects as? [String] ?? []) + [""]
        func setModes(_ bits: mode_t) {
            for path in paths {
                let isFile = path.contains(".part") || path.contains(".manifest")
                chmod(Paths.join(archive, path), isFile ? bits & 0o666 : bits)
            }
        }
        // Directories can be removed again afterwards.
        defer { setModes(0o755) }
        if way == .mode { setModes(0o555) }
        func varve(_ arguments: [String]) throws -> ExitCodeTests.Outcome {
            try Self.run(
                way.command + [way.script, "sh", archive, ExitCodeTests.executable] + arguments,
                from: codes.directory.path)
        }
        let output = codes.path("o")
        for arguments in [
            ["list", archive], ["report", archive], ["verify", archive, "--deep"],
            ["verify", archive, "--against", run, "--steps", "200-300"],
            ["restore", archive, "--step", "300", "-o", output], ["cat", archive, "300", "ckpt_300.pt", "--json"],
            ["cat", archive, "latest", "--as", "safetensors"], ["forget", archive, "--keep-last", "1", "-n"],
            ["prune", archive, "-n"], ["pin", archive], ["compress", run, archive, "--dry-run"],
        ] {
            let outcome = try varve(arguments)
            #expect(outcome.status == 0, "\(arguments): \(outcome)")
        }
        #expect(FileManager.default.fileExists(atPath: Paths.join(output, "ckpt_300.pt")))
        for arguments in [
            ["compress", run, archive], ["forget", archive, "--keep-last", "1"], ["forget", archive, "--undo"],
            ["pin", archive, "--steps", "300"], ["prune", archive],
        ] {
            let outcome = try varve(arguments + ["--json"])
            #expect(outcome.status == 1 && outcome.output.isEmpty, "\(arguments): \(outcome)")
            let error = try JSONSerialization.jsonObject(with: Data(outcome.error.utf8)) as? [String: Any]
            #expect(error?["code"] as? String == "permissionDenied")
            #expect((error?["file"] as? String)?.hasPrefix(archive) == true)
            #expect((error?["message"] as? String)?.contains(way.cause) == true, "\(outcome.error)")
        }
    }
}
