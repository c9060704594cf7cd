import Glibc
import FileSystem
import TensorFiles

/// Runs the command line tool on file systems with less and less room, and with files that may not grow.
package enum FullDisk {
    private static let page = 4096

    /// - Returns: `nil` where no file system can be mounted here.
    /// - Parameters:
    ///   - tool: path of `varve`.
    ///   - stride: tries every so many pages of room.
    package static func run(
        _ scenario: Scenario, in directory: String, tool: String, stride: Int = 1
    ) async throws -> Figures? {
        guard let arguments = scenario.arguments else { return nil }
        var figures = Figures(scenario.name, unit: "sizes")
        let expectation = try await Expectation(scenario, in: directory)
        let disk = Paths.join(directory, "disk")
        try Directories.create(disk)
        guard try Shell.run(["mount", "-t", "tmpfs", "-o", "size=64m", "varve-torture", disk]) == .exited(0) else {
            return nil
        }
        defer { _ = try? Shell.run(["umount", disk]) }
        let workspace = Workspace(Paths.join(disk, "work"))
        var full = 0, fits = 0, room = 0
        // Enough is enough when it was enough a few times.
        while fits < 4 {
            try remount(disk, pages: 64 << 8)
            try expectation.reset(workspace)
            try remount(disk, pages: try used(disk) + room)
            let end = try Shell.run([tool] + arguments(workspace))
            figures.count += 1
            let what = "\(scenario.name), \(room) pages of room"
            switch end {
            case .exited(0): fits += 1
            case .exited(13):
                full += 1
                fits = 0
            default: figures.violations.append("\(what): it ended with \(end)")
            }
            try await check(expectation, workspace, what, &figures) { try remount(disk, pages: 64 << 8) }
            room += stride
        }
        let limited = try await limitedFiles(expectation, Workspace(Paths.join(directory, "work")), tool, &figures)
        figures.details = "\(full + limited) of them too small"
        return figures
    }

    /// EFBIG: no file may become longer than so many blocks.
    private static func limitedFiles(
        _ expectation: Expectation, _ workspace: Workspace, _ tool: String, _ figures: inout Figures
    ) async throws -> Int {
        guard let arguments = expectation.scenario.arguments else { return 0 }
        var limited = 0
        for blocks in 0..<64 {
            try expectation.reset(workspace)
            let script = "ulimit -f \(blocks); exec \"$@\""
            let end = try Shell.run(["sh", "-c", script, "sh", tool] + arguments(workspace))
            figures.count += 1
            let what = "\(expectation.scenario.name), files of \(blocks) blocks"
            if end == .exited(13) {
                limited += 1
            } else if end != .exited(0) {
                figures.violations.append("\(what): it ended with \(end)")
            }
            try await check(expectation, workspace, what, &figures) {}
            if end == .exited(0) { break }
        }
        return limited
    }

    private static func check(
        _ expectation: Expectation, _ workspace: Workspace, _ what: String, _ figures: inout Figures,
        makeRoom: () throws -> Void
    ) async throws {
        do {
            var found = try await expectation.violations(in: workspace)
            try makeRoom()
            found += try await expectation.violationsAfterRepeating(in: workspace)
            figures.violations += found.map { "\(what): \($0)" }
        } catch {
            figures.violations.append("\(what): \(error)")
        }
    }

    private static func remount(_ disk: String, pages: Int) throws {
        guard try Shell.run(["mount", "-o", "remount,size=\(pages * page)", disk]) == .exited(0) else {
            throw VarveError(.inputOutput, "the file system's size cannot be changed", file: disk)
        }
    }

    /// Pages that are in use.
    private static func used(_ disk: String) throws -> Int {
        var status = statvfs()
        guard statvfs(disk, &status) == 0 else { throw VarveError(.inputOutput, "statvfs failed", file: disk) }
        return Int(status.f_blocks - status.f_bfree) * Int(status.f_frsize) / page
    }
}
