import ChainArchive
import Checkpoints
import Foundation
import Synchronization
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// A run that changes while it is watched.
struct WatchTests {
    private static let run = DriftingRun([.init("a", [12, 8]), .init("b", [8])], steps: 5)
    private static let settle = Duration.milliseconds(60)

    private func watch(
        _ shop: RunWorkshop, _ run: String = "run", removal: SourceRemoval? = nil,
        idle: Duration = .milliseconds(500), retries: Int = 3, notices: Notices = Notices()
    ) async throws -> WatchResult {
        try await Watcher(
            run: shop.path(run), archive: shop.path("a.varve"),
            options: WatchOptions(
                compression: CompressionOptions(method: TestMethods.lossless), removal: removal, settle: Self.settle,
                idle: idle, retries: retries, retryPause: .milliseconds(5))
        ).watch {
            if case .notice(let text) = $0 { notices.add(text) }
            if case .verified(let number) = $0 { notices.verify(number) }
        }
    }

    final class Notices: Sendable {
        private let texts = Mutex<[String]>([])
        func add(_ text: String) { texts.withLock { $0.append(text) } }
        var all: [String] { texts.withLock { $0 } }
        private let steps = Mutex<Set<Int>>([])
        func verify(_ step: Int) { steps.withLock { _ = $0.insert(step) } }
        func isVerified(_ step: Int) -> Bool { steps.withLock { $0.contains(step) } }
    }

    /// How long a watch waits for a trainer that the test plays: on a busy machine, beside all other tests, the test itself
    /// may not run for some seconds.
    private static let patience = Duration.seconds(15)

    /// Waits until something holds; a trainer in a test must not be faster than the watch.
    private func wait(_ condition: () throws -> Bool) async throws {
        for _ in 0..<24000 {
            if (try? condition()) == true { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("it never came")
    }

    private func has(_ shop: RunWorkshop, _ step: Int) throws -> Bool {
        try ArchiveLayout(shop.path("a.varve")).isVisible(StepVersion(number: step))
    }

    private func expectIntact(_ shop: RunWorkshop, _ content: [String: [UInt8]]) async throws {
        #expect(try await Verifier(archive: shop.path("a.varve"), deep: true).verify().isIntact)
        #expect(try await shop.restore() == content)
        #expect(try SystemCalls.list(shop.directory.path).filter { $0.hasPrefix(".") } == [], "left behind")
    }

    @Test func severalRunsAreRefusedAtOnce() async throws {
        let shop = RunWorkshop()
        for name in ["a", "b"] { try shop.write(Array(Self.run.steps().prefix(2)), to: "run/\(name)") }
        // Other bytes: a copy of a run's checkpoint is no run.
        try Trees.write(
            Self.run.steps()[3].file(), to: shop.path("run/b/" + RunWorkshop.fileName(Self.run.steps()[0].number)))
        let error = await #expect(throws: VarveError.self) { _ = try await watch(shop) }
        #expect(error?.code == .usage && error?.message.contains("a, b") == true)
    }

    @Test func anotherRunThatComesLaterIsSaidAndNotTaken() async throws {
        let shop = RunWorkshop(), notices = Notices()
        let steps = Self.run.steps()
        try shop.write([steps[0]], to: "run/a")
        async let result = watch(shop, idle: Self.patience, notices: notices)
        try await wait { try has(shop, steps[0].number) }
        try Trees.write(steps[3].file(), to: shop.path("run/b/" + RunWorkshop.fileName(steps[0].number)))
        try shop.write([steps[1]], to: "run/a")
        try await wait { try has(shop, steps[1].number) }
        #expect(try await result.added == [steps[0].number, steps[1].number])
        #expect(notices.all.contains { $0.contains("another run lie in b") })
    }

    @Test func aRunThatComesLaterAndRotatesIsTakenWhole() async throws {
        let shop = RunWorkshop()
        let steps = Self.run.steps()
        async let result = watch(shop, idle: Self.patience)
        for (index, step) in steps.enumerated() {
            try shop.write([step])
            try await wait { try has(shop, step.number) }
            if index > 0 { try Directories.remove(shop.path("run/" + RunWorkshop.fileName(steps[index - 1].number))) }
        }
        #expect(try await result.added == steps.map(\.number))
        try await expectIntact(
            shop, Dictionary(uniqueKeysWithValues: steps.map { (RunWorkshop.fileName($0.number), $0.file()) }))
    }

    @Test func oneFileWrittenOverInPlaceGivesAStepForEachVersion() async throws {
        let shop = RunWorkshop()
        let steps = Self.run.steps()
        try Directories.create(shop.path("run"))
        async let result = watch(shop, idle: Self.patience)
        let path = shop.path("run/ckpt.pt")
        for step in steps {
            // The same inode, cut to nothing and written again, as torch.save does it.
            try Self.overwrite(path, step.file())
            try await wait { try has(shop, step.number) }
        }
        #expect(try await result.added == steps.map(\.number))
        for step in steps {
            let output = shop.path("back-\(step.number)")
            try await Restorer(
                archive: shop.path("a.varve"), options: RestoreOptions(selection: .step(step.number))
            ).restore(to: output)
            #expect(try Trees.content(output) == ["ckpt.pt": step.file()])
        }
    }

    private static func overwrite(_ path: String, _ bytes: [UInt8]) throws {
        let descriptor = try SystemCalls.open(path, flags: 0o1 | 0o100 | 0o1000)
        _ = try bytes.withUnsafeBytes {
            try SystemCalls.write(descriptor, $0.baseAddress!, $0.count, at: 0, path: path)
        }
        try SystemCalls.close(descriptor, path: path)
    }

    @Test func aDirectoryIsTakenOnlyWhenItsLastFileIsThere() async throws {
        let shop = RunWorkshop()
        let steps = Self.run.steps()
        func path(_ number: Int, _ name: String) -> String { shop.path("run/checkpoint-\(number)/" + name) }
        func state(_ number: Int) -> [UInt8] { Array(#"{"global_step": \#(number)}"#.utf8) }
        try Trees.write(steps[0].file(), to: path(10, "pytorch_model.bin"))
        try Trees.write(state(10), to: path(10, "trainer_state.json"))
        async let result = watch(shop, idle: Self.patience)
        try await wait { try has(shop, 10) }
        try Trees.write(steps[1].file(), to: path(20, "pytorch_model.bin"))
        try await Task.sleep(for: Self.settle * 4)
        #expect(try !has(shop, 20), "trainer_state.json is not there yet")
        try Trees.write(state(20), to: path(20, "trainer_state.json"))
        #expect(try await result.added == [10, 20])
        try await expectIntact(shop, try Trees.content(shop.path("run")))
    }

    @Test func originalsGoWhileTheRunGoesOn() async throws {
        let shop = RunWorkshop()
        let steps = Self.run.steps()
        try shop.write([steps[0]])
        async let result = watch(shop, removal: SourceRemoval(keepLast: 2), idle: Self.patience)
        for step in steps {
            try shop.write([step])
            try await wait { try has(shop, step.number) }
        }
        let done = try await result
        #expect(done.removed == [10, 20, 30])
        #expect(try SystemCalls.list(shop.path("run")) == ["ckpt_40.pt", "ckpt_50.pt"])
        try await expectIntact(
            shop, Dictionary(uniqueKeysWithValues: steps.map { (RunWorkshop.fileName($0.number), $0.file()) }))
    }

    /// Once a step was captured its files may vanish: they are open.
    @Test func whatWasCapturedIsAddedThoughTheTrainerRemovesItInTheMiddle() async throws {
        let shop = RunWorkshop()
        let step = Self.run.step(0)
        try shop.write([step])
        let path = shop.path("run/" + RunWorkshop.fileName(step.number))
        let result = try await Watcher(
            run: shop.path("run"), archive: shop.path("a.varve"),
            options: WatchOptions(
                compression: CompressionOptions(method: TestMethods.lossless), settle: Self.settle,
                idle: .milliseconds(300))
        ).watch { if case .step = $0 { try? SystemCalls.unlink(path) } }
        #expect(result.added == [10] && result.skipped.isEmpty)
        try await expectIntact(shop, [RunWorkshop.fileName(10): step.file()])
    }

    @Test(arguments: [5, 116, 122] as [Int32])  // EIO, ESTALE, EDQUOT
    func whatPassesIsTriedAgain(number: Int32) async throws {
        let shop = RunWorkshop()
        try shop.write([Self.run.step(0)])
        let notices = Notices()
        let failing = FailingCalls(failAt: 0, number, calls: [.write], pathPart: "steps/")
        let result = try await SystemCalls.withInjector(failing) { try await watch(shop, notices: notices) }
        #expect(result.added == [10])
        #expect(notices.all.contains { $0.contains("trying again") })
    }

    @Test func whatDoesNotPassEndsTheWatchWithItsError() async throws {
        let shop = RunWorkshop()
        try shop.write([Self.run.step(0)])
        let notices = Notices()
        let failing = FailingCalls(failAt: 0, 28, calls: [.write], pathPart: "steps/", isLasting: true)
        let error = await #expect(throws: VarveError.self) {
            try await SystemCalls.withInjector(failing) { try await watch(shop, retries: 2, notices: notices) }
        }
        #expect(error?.code == .noSpace)
        #expect(notices.all.filter { $0.contains("trying again") }.count == 2)
        #expect(try ArchiveReader(shop.path("a.varve")).steps.isEmpty)
        // With room again the next watch does the work.
        #expect(try await watch(shop).added == [10])
    }

    @Test func aCancelledWatchLeavesNothingUnfinished() async throws {
        let shop = RunWorkshop()
        try shop.write(Self.run.steps())
        let task = Task { try await watch(shop, idle: .seconds(60)) }
        try await wait { try has(shop, 10) }
        task.cancel()
        let error = await #expect(throws: VarveError.self) { try await task.value }
        #expect(error?.code == .interrupted)
        #expect(try SystemCalls.list(shop.directory.path).filter { $0.hasPrefix(".") } == [])
        #expect(try await Verifier(archive: shop.path("a.varve"), deep: true).verify().isIntact)
        _ = try await watch(shop)
        try await expectIntact(shop, try Trees.content(shop.path("run")))
    }

    @Test func aSecondWatchOfTheSameArchiveIsTurnedAway() async throws {
        let shop = RunWorkshop()
        try shop.write([Self.run.step(0)])
        let first = Task { try await watch(shop, idle: .seconds(60)) }
        try await wait { try has(shop, 10) }
        let error = await #expect(throws: VarveError.self) { try await watch(shop) }
        #expect(error?.code == .locked)
        first.cancel()
        _ = try? await first.value
    }

    @Test func aCutOffFileIsNeverTaken() async throws {
        let shop = RunWorkshop()
        let file = Self.run.step(0).file()
        try Trees.write(Array(file.dropLast(40)), to: shop.path("run/" + RunWorkshop.fileName(10)))
        #expect(try await watch(shop).added == [])
        try Trees.write(file, to: shop.path("run/" + RunWorkshop.fileName(10)))
        #expect(try await watch(shop).added == [10])
    }

    /// Size and time as before: only its bytes tell, when the step after it is built on it.
    @Test func aPredecessorThatChangesUnnoticedStopsNothing() async throws {
        let shop = RunWorkshop()
        let steps = Self.run.steps(), notices = Notices()
        try shop.write([steps[0]])
        async let result = watch(shop, idle: Self.patience, notices: notices)
        try await wait { notices.isVerified(10) }
        let path = shop.path("run/" + RunWorkshop.fileName(10))
        let time = try FileIdentity(path: path).modified
        var bytes = steps[0].file()
        let file = try #require(try TensorFile.open(MemorySource(bytes)))
        for storage in file.storages { bytes[Int(storage.fileOffset)] ^= 1 }
        try Trees.overwrite(bytes, at: path)
        try SystemCalls.setModificationTime(path, nanoseconds: time)
        try shop.write([steps[1]])
        try await wait { try has(shop, 20) }
        try shop.write([steps[2]])
        #expect(try await result.added == [10, 20, 30])
        #expect(notices.all.filter { $0.contains("step 10") && $0.contains("the archive's copy") }.count == 1)
        let content = Dictionary(
            uniqueKeysWithValues: steps.prefix(3).map { (RunWorkshop.fileName($0.number), $0.file()) })
        try await expectIntact(shop, content)
    }

    /// What came after a checkpoint was taken is not in the archive: the watch says so at its end as well.
    @Test func aFileThatComesTooLateIsSaidAndItsCheckpointStays() async throws {
        let shop = RunWorkshop(), steps = Self.run.steps(), notices = Notices()
        func write(_ index: Int) throws {
            let folder = shop.path("run/checkpoint-\(steps[index].number)")
            try Trees.write(SafetensorsMaker.file(steps[index].model, metadata: []), to: folder + "/model.safetensors")
            try Trees.write(
                Array("{\"global_step\": \(steps[index].number)}".utf8), to: folder + "/trainer_state.json")
        }
        for index in 0..<2 { try write(index) }
        async let watched = watch(shop, removal: SourceRemoval(keepLast: 1), idle: Self.patience, notices: notices)
        try await wait { notices.isVerified(20) }
        try Trees.write([1], to: shop.path("run/checkpoint-20/late.txt"))
        try write(2)
        let result = try await watched
        #expect(result.added == [10, 20, 30] && result.skipped.map(\.path) == ["checkpoint-20"])
        #expect(try Trees.bytes(shop.path("run/checkpoint-20/late.txt")) == [1])
        // It is not decoded again and again.
        #expect(notices.all.filter { $0.contains("checkpoint-20") }.count <= 2, "\(notices.all)")
    }

    /// Exit 0 without a word means that all of the run is in the archive, of a watch as of `compress`.
    @Test(arguments: ["cut off", "lacks a file", "leads out"])
    func aCheckpointThatNeverBecameCompleteIsNamedInTheEnd(_ flaw: String) async throws {
        let shop = RunWorkshop(), notices = Notices()
        let run = shop.path("run"), last = "checkpoint-400"
        try FileManager.default.copyItem(atPath: Fixture.trainerRun, toPath: run)
        switch flaw {
        case "cut off": try #require(truncate(Paths.join(run, "\(last)/model.safetensors"), 100_000) == 0)
        case "lacks a file": try SystemCalls.unlink(Paths.join(run, "\(last)/optimizer.pt"))
        default:
            try FileManager.default.moveItem(atPath: Paths.join(run, last), toPath: shop.path(last))
            try FileManager.default.createSymbolicLink(
                atPath: Paths.join(run, last), withDestinationPath: shop.path(last))
        }
        let result = try await watch(shop, notices: notices)
        #expect(!result.added.isEmpty && !result.added.contains(400) && !result.isAsAsked)
        #expect(result.skipped.map(\.path) == [last] && result.skipped.allSatisfy { !$0.reason.isEmpty })
        #expect(result.missing.map(\.path) == [last])
        #expect(notices.all.contains { $0.hasPrefix("skipped \(last): ") }, "\(notices.all)")
    }

    @Test func aFileThatIsLeftOutIsNamedInTheEnd() async throws {
        let shop = RunWorkshop()
        try shop.write([Self.run.step(0)])
        let whole = try await watch(shop)
        #expect(whole.isAsAsked && whole.missing.isEmpty)
        let large = shop.path("run/large.bin")
        try Trees.write([1], to: large)
        try #require(truncate(large, 70 << 20) == 0)
        let result = try await watch(shop)
        #expect(result.missing.map(\.path) == ["large.bin"] && result.skipped.isEmpty && !result.isAsAsked)
    }

    /// Then nothing was added, and there is no archive to look into.
    @Test func aRunOfWhichNothingIsCompleteIsNamed() async throws {
        let shop = RunWorkshop()
        let name = RunWorkshop.fileName(10)
        try Trees.write(Array(Self.run.step(0).file().dropLast(40)), to: shop.path("run/" + name))
        let result = try await watch(shop)
        #expect(result.skipped.map(\.path) == [name] && result.missing.map(\.path) == [name] && !result.isAsAsked)
    }

    /// A directory without a checkpoint is a training that has not come so far.
    @Test func aRunWithoutCheckpointsIsNoError() async throws {
        let shop = RunWorkshop()
        try Directories.create(shop.path("run"))
        #expect(try await watch(shop, idle: .milliseconds(200)).added == [])
    }

    /// A mistyped name is told and is an error in the end, and leaves no archive.
    @Test func whereNothingIsNoArchiveIsMade() async throws {
        let shop = RunWorkshop(), notices = Notices()
        let error = await #expect(throws: VarveError.self) {
            try await watch(shop, "nowhere", idle: .milliseconds(1500), notices: notices)
        }
        #expect(error?.code == .notFound && error?.location.file == shop.path("nowhere"))
        #expect(notices.all == ["\(shop.path("nowhere")) does not exist yet"])
        #expect(try SystemCalls.list(shop.directory.path) == [])
    }
}
