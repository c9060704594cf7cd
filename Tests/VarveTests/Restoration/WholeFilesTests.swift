import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// A restored directory is the original: names, bytes, modes, times, links.
@Suite struct WholeFilesTests {
    let workshop = RunWorkshop()

    private func write(_ bytes: [UInt8], _ name: String, mode: UInt32 = 0o644) throws {
        try Trees.write(bytes, to: workshop.path(name))
        try SystemCalls.setMode(workshop.path(name), mode)
    }

    private func random(_ count: Int, _ seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    /// Step directories with nothing that can be parsed but one file, and files beside them.
    private func makeRun() throws {
        for step in [100, 200, 300] {
            let directory = "run/checkpoint-\(step)"
            try write(random(70_000, UInt64(step)), "\(directory)/random.bin")
            try write([], "\(directory)/empty")
            try write(Array("read only \(step)".utf8), "\(directory)/read only.txt", mode: 0o444)
            try write([1], "\(directory)/private", mode: 0o600)
            try write([2], "\(directory)/run.sh", mode: 0o755)
            try write([3], "\(directory)/new\nline")
            try write([4], "\(directory)/\u{e9}\u{4e2d}")
            try Directories.create(workshop.path("\(directory)/empty directory"))
            try SystemCalls.setMode(workshop.path("\(directory)/empty directory"), 0o550)
            try write(
                SafetensorsMaker.file(
                    [
                        TestTensor("none", shape: [0, 4], bytes: []),
                        TestTensor("ids", dtype: "I64", shape: [64], bytes: random(512, 7)),
                    ]
                ), "\(directory)/tables.safetensors")
            try write(random(500, 3), "\(directory)/below/deep/file", mode: 0o640)
            for (name, target) in [("relative", "random.bin"), ("dangling", "/nowhere/at all"), ("folder", "below")] {
                try SystemCalls.symbolicLink(target: target, at: workshop.path("\(directory)/\(name)"))
            }
            try SystemCalls.link(
                workshop.path("\(directory)/random.bin"), workshop.path("\(directory)/below/random again"))
            if step > 100 {
                try SystemCalls.link(workshop.path("run/checkpoint-100/run.sh"), workshop.path("\(directory)/shared"))
            }
        }
        try write(random(900, 9), "run/own/file.json", mode: 0o400)
        try write(random(2 << 20, 8), "run/large")
        try SystemCalls.link(workshop.path("run/large"), workshop.path("run/large again"))
        try write(try Trees.bytes(workshop.path("run/checkpoint-300/random.bin")), "run/copy.bin")
        try SystemCalls.link(workshop.path("run/copy.bin"), workshop.path("run/another copy.bin"))
        try SystemCalls.symbolicLink(target: "checkpoint-300", at: workshop.path("run/latest"))
        try setTimes("run", 1_500_000_000_123_456_789)
    }

    /// Odd times for everything, the deepest first.
    private func setTimes(_ name: String, _ time: Int64) throws {
        let path = workshop.path(name)
        if try FileIdentity(path: path).kind == .directory {
            for (index, child) in try SystemCalls.list(path).enumerated() {
                try setTimes(Paths.join(name, child), time - 1_000_000_007 * Int64(index + 1))
            }
        }
        try SystemCalls.setModificationTime(path, nanoseconds: time)
    }

    @Test func everythingComesBack() async throws {
        try makeRun()
        let result = try await Compressor(
            run: workshop.path("run"), archive: workshop.path("a.varve"),
            options: CompressionOptions(method: TestMethods.transform, extras: .all)
        ).compress()
        #expect(result.skipped.isEmpty && result.added == [100, 200, 300])
        try await Restorer(archive: workshop.path("a.varve"), options: RestoreOptions(selection: .all))
            .restore(to: workshop.path("out"))
        #expect(
            try FileFacts.differences(workshop.path("run"), workshop.path("out"), ignoringRoot: true) == [])
        for step in [100, 200, 300] {
            try await Restorer(archive: workshop.path("a.varve"), options: RestoreOptions(selection: .step(step)))
                .restore(to: workshop.path("out-\(step)"))
            #expect(
                try FileFacts.differences(
                    workshop.path("run/checkpoint-\(step)"), workshop.path("out-\(step)")) == [])
        }
        let verified = try await Verifier(archive: workshop.path("a.varve"), against: workshop.path("run")).verify()
        #expect(verified.isIntact && verified.differences.isEmpty && verified.compared == [100, 200, 300])
    }

    @Test func aRunThatChangedIsToldFromItsArchive() async throws {
        try makeRun()
        try await workshop.compress()
        let step = "run/checkpoint-200/"
        try SystemCalls.unlink(workshop.path(step + "relative"))
        try SystemCalls.symbolicLink(target: "empty", at: workshop.path(step + "relative"))
        try SystemCalls.setMode(workshop.path(step + "private"), 0o640)
        try SystemCalls.unlink(workshop.path(step + "dangling"))
        try SystemCalls.unlink(workshop.path(step + "below/random again"))
        try Trees.write([1], to: workshop.path(step + "below/random again"))
        try Trees.write([1], to: workshop.path(step + "below/new"))
        try Trees.write([9], to: workshop.path(step + "run.sh"))
        let verified = try await Verifier(archive: workshop.path("a.varve"), against: workshop.path("run")).verify()
        #expect(verified.isIntact)
        let names = Set(verified.differences.compactMap { $0.file.map { Paths.split($0).name } })
        #expect(
            names.isSuperset(of: ["relative", "private", "dangling", "random again", "new", "run.sh"]),
            "\(verified.differences)")
        #expect(verified.differences.allSatisfy { $0.step == 200 })
        try Trees.write(random(2 << 20, 88), to: workshop.path("run/large"))
        let again = try await Verifier(archive: workshop.path("a.varve"), against: workshop.path("run")).verify()
        #expect(again.differences.contains { $0.step == nil && $0.file == workshop.path("run/large") })
    }

    @Test func whatCannotBeKeptIsSkippedAloud() async throws {
        try write(Array(repeating: 1, count: 20), "run/checkpoint-5/a.bin")
        try write([2], "run/checkpoint-5/e\u{301}")
        try write([3], "run/checkpoint-5/\u{e9}")
        let result = try await workshop.compress()
        #expect(result.added == [5])
        #expect(result.skipped.count == 1 && result.skipped.first?.reason.contains("Unicode") == true)
    }

    @Test func holesStayHoles() async throws {
        let size: UInt64 = 64 << 20
        for step in [1, 2] {
            let path = workshop.path("run/checkpoint-\(step)/sparse.bin")
            try Directories.create(Paths.split(path).directory)
            let file = try OutputFile(path, byteCount: size)
            for offset: UInt64 in [5, 20_000_001, size - 3] { try file.write([7, UInt8(step)], at: offset) }
            try file.commit(sync: false)
            try write([UInt8](repeating: 0xff, count: 9_000_000), "run/checkpoint-\(step)/ones.bin")
        }
        let own = try OutputFile(workshop.path("run/own.dat"), byteCount: size)
        try own.commit(sync: false)
        try await workshop.compress()
        #expect(try ArchiveSize.of(workshop.path("a.varve")) < 8_000)
        try await Restorer(archive: workshop.path("a.varve"), options: RestoreOptions(selection: .all))
            .restore(to: workshop.path("out"))
        #expect(try FileFacts.differences(workshop.path("run"), workshop.path("out"), ignoringRoot: true) == [])
        for name in ["checkpoint-1/sparse.bin", "checkpoint-2/sparse.bin", "own.dat"] {
            #expect(try FileFacts.allocated(workshop.path("out/" + name)) < 1 << 20)
        }
        let verified = try await Verifier(archive: workshop.path("a.varve"), against: workshop.path("run")).verify()
        #expect(verified.isIntact && verified.differences.isEmpty)
    }
}
