import Glibc
import FileSystem
import TensorFiles
import Testing

@testable import Checkpoints

/// Directories that are made, or happen, to break a reader.
@Suite struct HostileTests {
    @Test func linkLoopsEnd() throws {
        let temporary = try TemporaryRun()
        try temporary.write("ckpt_1.safetensors", SmallSafetensors.weights(1))
        try temporary.link("loop", to: ".")
        try temporary.link("a.safetensors", to: "b.safetensors")
        try temporary.link("b.safetensors", to: "a.safetensors")
        try temporary.link("outside.safetensors", to: "/etc/hostname")
        let run = try temporary.discover()
        #expect(run.steps.map(\.number) == [1])
        #expect(run.extras.map(\.path) == ["a.safetensors", "b.safetensors", "loop", "outside.safetensors"])
        #expect(run.warnings.contains { $0.contains("outside.safetensors") })
    }

    @Test func pipesAndSocketsAreLeftOutByName() throws {
        let temporary = try TemporaryRun()
        try temporary.write("ckpt_1.safetensors", SmallSafetensors.weights(1))
        #expect(mkfifo(Paths.join(temporary.path, "ckpt_2.safetensors"), 0o600) == 0)
        let run = try temporary.discover()
        #expect(run.steps.map(\.number) == [1])
        #expect(run.warnings.contains { $0.contains("ckpt_2.safetensors") })
    }

    @Test func manyDirectoriesInEachOtherEnd() throws {
        let temporary = try TemporaryRun()
        try temporary.write("ckpt_1.safetensors", SmallSafetensors.weights(1))
        try temporary.write(String(repeating: "d/", count: 80) + "x.txt", "deep")
        let run = try temporary.discover()
        #expect(run.steps.count == 1)
        #expect(run.skipped.contains { $0.reason.message.contains("nested deeper") })
    }

    @Test func foreignBytesUnderACheckpointsNameAreKeptWhole() throws {
        let temporary = try TemporaryRun()
        try temporary.write("ckpt_1.pt", Array(repeating: 0x41, count: 100))
        try temporary.write("ckpt_2.pt", Array(repeating: 0x42, count: 100))
        let run = try temporary.discover()
        #expect(run.steps.map(\.number) == [1, 2])
        #expect(try StepContents.read(run.steps[0], of: run).parameters.isEmpty)
    }

    @Test func aFileThatChangesAfterDiscoveryIsNoticed() throws {
        let temporary = try TemporaryRun()
        try temporary.write("ckpt_1.safetensors", SmallSafetensors.weights(1))
        let run = try temporary.discover()
        try temporary.write("ckpt_1.safetensors", SmallSafetensors.weights(1) + [0])
        let error = #expect(throws: VarveError.self) { try StepContents.read(run.steps[0], of: run) }
        #expect(error?.code == .sourceChanged)
    }

    @Test func anUnreadableDirectoryIsNamed() throws {
        let temporary = try TemporaryRun()
        try temporary.write("ckpt_1.safetensors", SmallSafetensors.weights(1))
        try temporary.write("locked/x.txt", "x")
        try SystemCalls.setMode(Paths.join(temporary.path, "locked"), 0)
        defer { try? SystemCalls.setMode(Paths.join(temporary.path, "locked"), 0o755) }
        let run = try temporary.discover()
        #expect(run.steps.count == 1)
        // Root may list it all the same.
        if geteuid() != 0 { #expect(run.warnings.contains { $0.contains("locked") }) }
    }
}
