import ChainArchive
import Checkpoints
import Glibc
import FileSystem
import TensorFiles
import Testing
@testable import Varve
import VarveTestSupport

/// Originals that must stay, and removals that fail.
struct RemovalSafetyTests {
    private static let run = DriftingRun([.init("a", [12, 8]), .init("b", [8])], steps: 4)
    private let shop = RunWorkshop()

    /// `step_10` to `step_40`, each with a model and a note.
    private func writeRun() throws {
        for step in Self.run.steps() {
            try Trees.write(step.file(), to: shop.path("run/step_\(step.number)/model.pt"))
            try Trees.write(Array("notes of \(step.number)".utf8), to: shop.path("run/step_\(step.number)/notes.txt"))
        }
    }

    private func compress(keepLast: Int = 1) async throws -> CompressionResult {
        try await Compressor(
            run: shop.path("run"), archive: shop.path("a.varve"),
            options: CompressionOptions(method: TestMethods.lossless, removal: SourceRemoval(keepLast: keepLast))
        ).compress()
    }

    private func names() throws -> [String] { try SystemCalls.list(shop.path("run")) }

    private func link(_ target: String, at name: String) throws {
        try Directories.create(Paths.split(shop.path(name)).directory)
        try SystemCalls.symbolicLink(target: target, at: shop.path(name))
    }

    /// Changes a byte and puts size and time back.
    private func changeUnnoticed(_ path: String) throws -> [UInt8] {
        let time = try FileIdentity(path: path).modified
        var bytes = try Trees.bytes(path)
        bytes[bytes.count / 2] ^= 1
        try Trees.overwrite(bytes, at: path)
        try SystemCalls.setModificationTime(path, nanoseconds: time)
        return bytes
    }

    @Test func whatChangedAfterItWasComparedStaysThoughItsTimeIsTheOld() async throws {
        try writeRun()
        try await shop.compress("run", "a.varve", TestMethods.lossless)
        let run = try Run.discover(shop.path("run")),
            method = try CompressionOptions(method: TestMethods.lossless).stepMethod()
        var remover = SourceRemover(
            archive: shop.path("a.varve"), removal: SourceRemoval(keepLast: 2), method: method,
            comparison: StepComparison(archive: shop.path("a.varve"), base: nil, workers: CompressionOptions().capacity)
        )
        for step in run.steps { try await remover.verify(SourceStep(step, root: run.root), progress: nil) }
        let bytes = try changeUnnoticed(shop.path("run/step_10/notes.txt"))
        // Another mode changes nothing that matters, but puts it in doubt: the bytes are compared again.
        try SystemCalls.setMode(
            shop.path("run/step_20/notes.txt"), try FileIdentity(path: shop.path("run/step_20/notes.txt")).mode)
        let outcome = try await remover.remove(from: run, progress: nil)
        #expect(outcome.removed == [20] && outcome.kept.map(\.path) == ["step_10"])
        #expect(try Trees.bytes(shop.path("run/step_10/notes.txt")) == bytes)
    }

    /// Between the comparison and the removal, under the name that it has then.
    @Test func theLastLookSeesAChangeWithTheOldTime() throws {
        try writeRun()
        let run = try Run.discover(shop.path("run"))
        var states: [String: FileIdentity] = [:]
        for entry in run.steps[0].entries where entry.identity.kind == .regular { states[entry.path] = entry.identity }
        _ = try changeUnnoticed(shop.path("run/step_10/model.pt"))
        let before = try Trees.content(shop.path("run"))
        let error = #expect(throws: VarveError.self) {
            try SourceFiles(run.steps[0], root: run.root, states: states).remove()
        }
        #expect(error?.code == .sourceChanged)
        #expect(try Trees.content(shop.path("run")) == before)
    }

    @Test func whateverALinkLeadsToStays() async throws {
        try writeRun()
        try link(shop.path("run/step_10"), at: "run/best")
        try link("../run/step_20/model.pt", at: "run/deploy.pt")
        try link("../step_30", at: "run/x/a")
        try link("x/a/notes.txt", at: "run/readme")
        let result = try await compress()
        #expect(result.removed == [] && result.notices.filter { $0.contains("is a link to it") }.count == 3)
        for name in ["best", "x/a"] { try SystemCalls.unlink(shop.path("run/" + name)) }
        try SystemCalls.unlink(shop.path("run/readme"))
        #expect(try await compress().removed == [10, 30])
        try SystemCalls.unlink(shop.path("run/deploy.pt"))
        #expect(try await compress().removed == [20])
    }

    /// A link that lies in a kept checkpoint, and one in a checkpoint that goes: only that one goes along.
    /// Two files to the system, one name to Swift: only one of them is in the archive.
    @Test func aNameInAnotherUnicodeFormIsAnotherFile() async throws {
        try writeRun()
        let composed = "step_10/\u{E9}.txt", decomposed = "step_10/e\u{301}.txt"
        try Trees.write([1], to: shop.path("run/" + composed))
        try Trees.write([2], to: shop.path("run/" + decomposed))
        let result = try await compress()
        #expect(result.removed == [20, 30] && !result.isAsAsked)
        #expect(result.missing.contains { $0.path.hasSuffix(".txt") && $0.path.hasPrefix("step_10") })
        #expect(try Trees.bytes(shop.path("run/" + composed)) == [1])
        #expect(try Trees.bytes(shop.path("run/" + decomposed)) == [2])
        let verified = try await Verifier(archive: shop.path("a.varve"), against: shop.path("run")).verify()
        #expect(verified.differences.contains { $0.file?.hasSuffix(".txt") ?? false })
    }

    /// Only archives are no part of a run, whatever a name ends with.
    @Test func aNameThatEndsLikeAnArchivesIsKept() async throws {
        try writeRun()
        try Trees.write([1], to: shop.path("run/step_10/notes.varve"))
        try Trees.write([2], to: shop.path("run/step_10/old.varve/notes.txt"))
        try Trees.write([3], to: shop.path("run/step_10/.varve-tmp-notes"))
        let result = try await compress()
        #expect(result.removed == [20, 30] && result.notices.contains { $0.contains(".varve-tmp-notes") })
        let back = try await shop.restore()
        #expect(back["step_10/notes.varve"] == [1] && back["step_10/old.varve/notes.txt"] == [2])
    }

    @Test func linksBetweenCheckpointsCount() async throws {
        try writeRun()
        try link(shop.path("run/step_10/notes.txt"), at: "run/step_40/notes of 10.txt")
        try link("notes.txt", at: "run/step_20/own.txt")
        let result = try await compress()
        #expect(result.removed == [20, 30])
        #expect(result.notices.contains { $0.contains("step_10 stays") && $0.contains("notes of 10.txt") })
    }

    @Test func whatTheArchiveHasOnlyAsALinkStays() async throws {
        try writeRun()
        try Trees.write([1, 2, 3], to: shop.path("store/blob"))
        try link("../../store/blob", at: "run/step_10/tokenizer.bin")
        try link("model.pt", at: "run/step_20/alias.pt")
        let result = try await compress()
        #expect(result.removed == [20, 30])
        #expect(try names() == ["step_10", "step_40"])
    }

    @Test(.enabled(if: geteuid() != 0, "needs a user other than root, who may remove from any directory"))
    func whatCannotGoWholeStaysWhole() async throws {
        try writeRun()
        try Trees.write([1], to: shop.path("run/step_10/below/file"))
        try SystemCalls.setMode(shop.path("run/step_10/below"), 0o555)
        defer { try? SystemCalls.setMode(shop.path("run/step_10/below"), 0o755) }
        let before = try Trees.content(shop.path("run/step_10"))
        let result = try await compress()
        #expect(result.removed == [20, 30])
        #expect(try Trees.content(shop.path("run/step_10")) == before)
    }

    @Test func aFileThatCannotBeRemovedLeavesTheCheckpointItsName() async throws {
        try writeRun()
        try await shop.compress("run", "a.varve", TestMethods.lossless)
        let before = try Trees.content(shop.path("run/step_10"))
        let failing = FailingCalls(failAt: 0, 1, calls: [.unlink], pathPart: "remove-step_10/", isLasting: true)
        let result = try await SystemCalls.withInjector(failing) { try await compress() }
        #expect(result.removed == [20, 30] && result.notices.contains { $0.contains("step_10 stays") })
        #expect(try Trees.content(shop.path("run/step_10")) == before)
    }

    @Test func aRemovalThatFailsInTheMiddleIsToldAndStopsNobody() async throws {
        try writeRun()
        try await shop.compress("run", "a.varve", TestMethods.lossless)
        let hidden = "\(Run.removalPrefix)step_10"
        let failing = FailingCalls(failAt: 0, 5, calls: [.unlink], pathPart: hidden + "/notes.txt", isLasting: true)
        let result = try await SystemCalls.withInjector(failing) { try await compress() }
        #expect(result.removed == [20, 30] && !result.notices.contains { $0.contains("step_10 stays") })
        #expect(result.notices.contains { $0.contains("failed in the middle") && $0.contains(hidden) })
        #expect(try names() == [hidden, "step_40"])
        // As long as it cannot be finished, later calls say so and go on.
        let again = try await SystemCalls.withInjector(failing) { try await compress() }
        #expect(again.notices.contains { $0.contains(hidden) && $0.contains("cannot be removed") })
        #expect(try await compress().notices == [])
        #expect(try names() == ["step_40"])
    }
}
