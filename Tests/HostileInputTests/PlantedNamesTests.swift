import ChainArchive
import Glibc
import HostileInput
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Names that somebody else has put where Varve is going to write: links and pipes under them lead nowhere.
@Suite struct PlantedNamesTests {
    private let directory = try! TemporaryDirectory()
    private let secret = Array("secret".utf8)

    /// A file that nothing may change.
    private func plantSecret() throws -> String {
        try directory.write(secret, to: "outside/secret")
        return directory.file("outside/secret")
    }

    private func makeArchive() async throws -> String {
        try await SmallArchive.transform.make(in: directory.path).archive
    }

    private func restore(_ archive: String, to output: String, overwrite: Bool = false) async throws {
        try await Restorer(
            archive: archive, options: RestoreOptions(selection: .step(10), overwrite: overwrite, threads: 1)
        ).restore(to: output)
    }

    @Test func aTemporaryNameThatIsALinkLeadsNowhere() throws {
        let secret = try plantSecret()
        for (name, plant) in [
            ("hard", { try SystemCalls.link(secret, $0) }),
            ("symbolic", { try SystemCalls.symbolicLink(target: secret, at: $0) }),
            ("pipe", { #expect(mkfifo($0, 0o600) == 0) }),
        ] as [(String, (String) throws -> Void)] {
            try plant(directory.file(OutputFile.temporaryPrefix + name))
            let file = try OutputFile(directory.file(name))
            try file.write([1, 2, 3], at: 0)
            try file.commit()
            #expect(try directory.read(name) == [1, 2, 3])
            #expect(try FileIdentity(path: directory.file(name)).kind == .regular)
        }
        #expect(try directory.read("outside/secret") == self.secret)
        #expect(try FileIdentity(path: secret).linkCount == 1)
    }

    @Test func aLockThatIsALinkEmptiesNothing() async throws {
        let secret = try plantSecret(), archive = try await makeArchive()
        for plant in [
            { try SystemCalls.link(secret, $0) }, { try SystemCalls.symbolicLink(target: secret, at: $0) },
        ] as [(String) throws -> Void] {
            try plant(Paths.join(archive, "lock"))
            await #expect(throws: VarveError.self) {
                try await Compressor(run: directory.file("transform"), archive: archive).compress()
            }
            #expect(try directory.read("outside/secret") == self.secret)
            try Directories.remove(Paths.join(archive, "lock"))
        }
        #expect(try await Compressor(run: directory.file("transform"), archive: archive).compress().added == [])
    }

    @Test func overwritingReplacesLinksAndNeverWritesThroughThem() async throws {
        let secret = try plantSecret(), archive = try await makeArchive()
        try Directories.create(directory.file("out"))
        try SystemCalls.symbolicLink(target: secret, at: directory.file("out/ckpt_10.pt"))
        try await restore(archive, to: directory.file("out"), overwrite: true)
        #expect(try directory.read("outside/secret") == self.secret)
        #expect(try FileIdentity(path: directory.file("out/ckpt_10.pt")).kind == .regular)
    }

    @Test func overwritingDoesNotEnterADirectoryThatIsALink() async throws {
        _ = try plantSecret()
        let archive = try await SmallArchive.trainer.make(in: directory.path).archive
        try Directories.create(directory.file("out"))
        try SystemCalls.symbolicLink(target: directory.file("outside"), at: directory.file("out/checkpoint-10"))
        let restorer = Restorer(
            archive: archive, options: RestoreOptions(selection: .all, overwrite: true, threads: 1))
        let error = await #expect(throws: VarveError.self) { try await restorer.restore(to: directory.file("out")) }
        #expect(error?.code == .exists)
        #expect(try SystemCalls.list(directory.file("outside")) == ["secret"])
        #expect(try SystemCalls.list(directory.file("out")) == ["checkpoint-10"])
    }

    @Test func anUnfinishedRestoreThatIsALinkIsNotFollowed() async throws {
        _ = try plantSecret()
        let archive = try await makeArchive()
        try SystemCalls.symbolicLink(
            target: directory.file("outside"), at: directory.file(OutputFile.temporaryPrefix + "out"))
        // It is refused or taken away; either way nothing happens behind it.
        try? await restore(archive, to: directory.file("out"))
        #expect(try SystemCalls.list(directory.file("outside")) == ["secret"])
    }

    @Test func anUnfinishedStepThatIsALinkIsRemovedAndNotFollowed() async throws {
        _ = try plantSecret()
        let archive = try await makeArchive()
        let layout = ArchiveLayout(archive)
        try Directories.remove(layout.stepDirectory(StepVersion(number: 30)))
        try SystemCalls.symbolicLink(
            target: directory.file("outside"), at: layout.stepDirectory(StepVersion(number: 30)))
        _ = try? await Compressor(run: directory.file("transform"), archive: archive).compress()
        #expect(try SystemCalls.list(directory.file("outside")) == ["secret"])
    }

    @Test func setUserAndGroupBitsAreNotRestored() async throws {
        try directory.write(
            SafetensorsMaker.file([TestTensor("a", shape: [4], seed: 1)]), to: "run/step_10.safetensors")
        try directory.write(Array("#!/bin/sh".utf8), to: "run/program")
        for name in ["run/step_10.safetensors", "run/program"] { try SystemCalls.setMode(directory.file(name), 0o6755) }
        _ = try await Compressor(run: directory.file("run"), archive: directory.file("a.varve")).compress()
        try await Restorer(archive: directory.file("a.varve"), options: RestoreOptions(selection: .all, threads: 1))
            .restore(to: directory.file("out"))
        for name in ["out/step_10.safetensors", "out/program"] {
            #expect(try FileIdentity(path: directory.file(name)).mode & 0o7777 == 0o755, "\(name)")
        }
    }

    /// Nothing waits for a pipe's other end.
    @Test(.timeLimit(.minutes(5))) func pipesInAnArchiveAreDamage() async throws {
        for name in ["archive.manifest", "steps/000000000010/step.manifest", "steps/000000000010/0000.part"] {
            let archive = try await makeArchive()
            try SystemCalls.unlink(Paths.join(archive, name))
            #expect(mkfifo(Paths.join(archive, name), 0o600) == 0)
            do throws(VarveError) {
                let result = try await Verifier(archive: archive, threads: 1).verify()
                #expect(!result.isIntact)
            } catch {
                #expect(error.location.file == Paths.join(archive, name))
            }
            await #expect(throws: VarveError.self) { try await restore(archive, to: directory.file("out")) }
            try Directories.remove(archive)
            try Directories.remove(directory.file("transform"))
        }
    }
}
