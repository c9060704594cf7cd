import Glibc
import Synchronization
import Testing
import VarveTestSupport

@testable import ChainArchive
import FileSystem
@testable import TensorFiles

/// One writer at a time, whatever became of the one before.
@Suite struct ArchiveLockTests {
    let directory = try! TemporaryDirectory()
    var layout: ArchiveLayout { ArchiveLayout(directory.path) }

    /// A file system without advisory locks.
    private func withoutLocks<Result>(_ body: () throws -> Result) async throws -> Result {
        let failing = FailingCalls(
            failAt: 0, ENOLCK, calls: [.lock], pathPart: directory.path, isLasting: true)
        return try await SystemCalls.withInjector(failing) { try body() }
    }

    private func leave(_ note: [UInt8]) throws {
        let file = try OutputFile(layout.lock)
        try file.write(note, at: 0)
        try file.commit()
    }

    private func content() throws -> [UInt8] {
        let file = try InputFile(layout.lock)
        return try file.bytes(at: 0, count: Int(file.byteCount))
    }

    private func expectLocked(_ names: String) {
        let error = #expect(throws: VarveError.self) { _ = try ArchiveLock(layout) }
        #expect(error?.code == .locked && error?.message.contains(names) == true, "\(String(describing: error))")
    }

    @Test func theOwnerIsNamed() throws {
        let lock = try ArchiveLock(layout)
        let own = try #require(LockNote(try content()))
        #expect(own.process == getpid() && !own.host.isEmpty && !own.command.isEmpty && own.since.hasSuffix("Z"))
        expectLocked(own.line)
        withExtendedLifetime(lock) {}
    }

    @Test func itGoesWithItsOwner() throws {
        do { _ = try ArchiveLock(layout) }
        #expect(try SystemCalls.list(directory.path) == [])
        _ = try ArchiveLock(layout)
    }

    @Test func aNoteOfAKilledOwnerMeansNothing() throws {
        for note in ["process 1 on elsewhere since 2026-01-31T23:59:59Z", "", "anything"] {
            try leave(Array(note.utf8))
            let lock = try ArchiveLock(layout)
            #expect(try LockNote(content())?.process == getpid())
            withExtendedLifetime(lock) {}
        }
    }

    @Test func withoutAdvisoryLocksTheFileIsTheLock() async throws {
        try await withoutLocks {
            let lock = try ArchiveLock(layout)
            let own = try #require(LockNote(try content()))
            expectLocked(own.line)
            withExtendedLifetime(lock) {}
        }
        #expect(try SystemCalls.list(directory.path) == [])
    }

    @Test func onlyAnOwnerThatIsCertainlyGoneLosesTheFile() async throws {
        let own = LockNote.own()
        var gone = own, other = own, restarted = own, container = own
        // The number is taken, by a process that began at another time.
        gone.started = "1"
        other.host = "elsewhere"
        other.started = "1"
        container.namespace = "pid:[1]"
        container.started = "1"
        restarted.boot = "another"
        for note in [gone, restarted] {
            try leave(note.bytes)
            try await withoutLocks {
                let lock = try ArchiveLock(layout)
                #expect(try content() == own.withTime(of: LockNote(content())).bytes)
                withExtendedLifetime(lock) {}
            }
        }
        for note in [own, other, container] {
            try leave(note.bytes)
            try await withoutLocks {
                expectLocked("by hand")
                expectLocked(note.line)
            }
            #expect(try content() == note.bytes)
        }
        // Nothing is known of it.
        try leave(Array("process 1 on elsewhere".utf8))
        try await withoutLocks { expectLocked("process 1 on elsewhere; ") }
    }

    @Test func anyOtherFailureIsAnError() async throws {
        let failing = FailingCalls(failAt: 0, EIO, calls: [.lock], pathPart: directory.path)
        await SystemCalls.withInjector(failing) {
            let error = #expect(throws: VarveError.self) { _ = try ArchiveLock(layout) }
            #expect(error?.code == .inputOutput)
        }
    }
}

extension LockNote {
    fileprivate func withTime(of other: LockNote?) -> LockNote {
        var copy = self
        copy.since = other?.since ?? since
        return copy
    }
}

/// Waiting for an archive, and losing it.
@Suite struct LockWaitTests {
    let directory = try! TemporaryDirectory()
    var layout: ArchiveLayout { ArchiveLayout(directory.path) }

    /// A lock that another may give back.
    private final class Holder: Sendable {
        let lock: Mutex<ArchiveLock?>
        let notices = Mutex<[String]>([])
        init(_ layout: ArchiveLayout) throws { lock = Mutex(try ArchiveLock(layout)) }
        func giveBack(_ notice: String) {
            notices.withLock { $0.append(notice) }
            lock.withLock { $0 = nil }
        }
    }

    @Test func itIsTakenWhenItsOwnerGivesItBack() throws {
        let holder = try Holder(layout)
        let lock = try LockWait.lock(layout, LockWait(seconds: .infinity) { holder.giveBack($0) })
        let notices = holder.notices.withLock { $0 }
        #expect(
            notices.count == 1 && notices[0].hasPrefix("another process writes to this archive: process \(getpid())"))
        withExtendedLifetime(lock) {}
    }

    @Test func itIsGivenUpWhenTheTimeIsOver() throws {
        let holder = try Holder(layout)
        for wait in [nil, LockWait(seconds: 0), LockWait(seconds: 0.3)] {
            let error = #expect(throws: VarveError.self) { _ = try LockWait.lock(layout, wait) }
            #expect(error?.code == .locked)
        }
        withExtendedLifetime(holder) {}
    }

    @Test func aLockThatWasRemovedIsSeen() throws {
        let lock = try ArchiveLock(layout)
        try lock.check()
        try SystemCalls.unlink(layout.lock)
        #expect(throws: VarveError.self) { try lock.check() }
        let other = try ArchiveLock(layout)
        let error = #expect(throws: VarveError.self) { try lock.check() }
        #expect(error?.code == .locked)
        try other.check()
        withExtendedLifetime((lock, other)) {}
    }

    @Test func anotherWritersLockOutlivesALostOne() throws {
        var lost: ArchiveLock? = try ArchiveLock(layout)
        try SystemCalls.unlink(layout.lock)
        let other = try ArchiveLock(layout)
        withExtendedLifetime(lost) {}
        lost = nil
        try other.check()
    }

    @Test func aStepOfALostArchiveStaysOutOfSight() throws {
        let writer = try ArchiveWriter(directory.file("a.varve"), writer: "test")
        let step = try writer.begin(10)
        try SystemCalls.unlink(writer.layout.lock)
        let manifest = StepManifest(
            number: 10, isEpoch: false, path: "x", isDirectory: false, method: "lossless", predecessor: .none,
            entries: [], pairs: [:], notes: [])
        let error = #expect(throws: VarveError.self) { try step.commit(manifest) }
        #expect(error?.code == .locked)
        #expect(try !writer.layout.isVisible(StepVersion(number: 10)))
    }
}
