import Glibc
@testable import FileSystem
import Testing
import VarveTestSupport

/// The seam to the operating system, with and without failures.
@Suite struct FileSystemTests {
    private func code(_ body: () throws -> Void) -> VarveError.Code? {
        do { try body() } catch { return (error as? VarveError)?.code }
        return nil
    }

    @Test func aFileIsVisibleOnlyOnceCommitted() throws {
        let directory = try TemporaryDirectory()
        let output = try OutputFile(directory.file("x"))
        try output.write([1, 2, 3], at: 2)
        #expect(output.byteCount == 5)
        #expect(try SystemCalls.list(directory.path) == [".varve-tmp-x"])
        try output.commit()
        #expect(try SystemCalls.list(directory.path) == ["x"])
        #expect(try directory.read("x") == [0, 0, 1, 2, 3])
    }

    @Test func anAbandonedFileLeavesNothing() throws {
        let directory = try TemporaryDirectory()
        do {
            let output = try OutputFile(directory.file("x"), byteCount: 10)
            try output.write([1], at: 0)
        }
        #expect(try SystemCalls.list(directory.path) == [])
    }

    @Test func everyFailingCallIsReportedAndLeavesNothing() throws {
        let directory = try TemporaryDirectory()
        func write() throws {
            let output = try OutputFile(directory.file("x"), byteCount: 10)
            try output.write([UInt8](0..<10), at: 0)
            try output.commit()
        }
        let counting = FailingCalls(failAt: -1, 0, pathPart: directory.path)
        try counting.installed { try write() }
        try Directories.remove(directory.file("x"))
        #expect(counting.count >= 5)
        for index in 0..<counting.count {
            let failing = FailingCalls(failAt: index, ENOSPC, pathPart: directory.path)
            #expect(failing.installed { code(write) } == .noSpace, "call \(index)")
            #expect(try SystemCalls.list(directory.path) == [], "call \(index)")
        }
    }

    @Test func shortWritesAreCompleted() throws {
        let directory = try TemporaryDirectory()
        let limited = FailingCalls(failAt: -1, 0, pathPart: directory.path, writeLimit: 3)
        try limited.installed { try directory.write([UInt8](0..<100), to: "x") }
        #expect(try directory.read("x") == [UInt8](0..<100))
        #expect(limited.count > 33)
    }

    @Test(arguments: [false, true]) func interruptedCallsAreRepeated(always: Bool) throws {
        let directory = try TemporaryDirectory()
        for index in 0..<8 {
            let interrupted = FailingCalls(failAt: index, EINTR, pathPart: directory.path, isLasting: always)
            try interrupted.installed {
                try directory.write([1, 2, 3], to: "x")
                #expect(try directory.read("x") == [1, 2, 3])
            }
            #expect(interrupted.failures >= 1)
            #expect(try SystemCalls.list(directory.path) == ["x"])
        }
    }

    @Test func shortReadsAreCompleted() throws {
        let directory = try TemporaryDirectory()
        try directory.write([UInt8](0..<100), to: "x")
        let limited = FailingCalls(failAt: -1, 0, pathPart: directory.path, readLimit: 3)
        #expect(try limited.installed { try directory.read("x") } == [UInt8](0..<100))
        #expect(limited.count > 33)
    }

    /// Closing and removing on the way out are calls like all others: nothing goes past the seam.
    @Test func whatIsGivenUpIsClosedAndRemovedThroughTheSeam() async throws {
        let directory = try TemporaryDirectory()
        let recorder = RecordedCalls(under: directory.path)
        try await SystemCalls.withInjector(recorder) { _ = try OutputFile(directory.file("x"), byteCount: 10) }
        let last = try #require(recorder.changes.last)
        guard case .unlink(let path) = last else {
            Issue.record("\(last)")
            return
        }
        #expect(path == directory.file(OutputFile.temporaryPrefix + "x"))
    }

    @Test func aFileThatShrinksOrChangesIsNoticed() throws {
        let directory = try TemporaryDirectory()
        try directory.write([UInt8](0..<100), to: "x")
        let input = try InputFile(directory.file("x"))
        try input.checkUnchanged()
        #expect(truncate(directory.file("x"), 50) == 0)
        #expect(code { _ = try input.bytes(at: 0, count: 100) } == .truncated)
        #expect(code { try input.checkUnchanged() } == .sourceChanged)
    }

    @Test func onlyRegularFilesAreOpened() throws {
        let directory = try TemporaryDirectory()
        #expect(mkfifo(directory.file("pipe"), 0o600) == 0)
        #expect(code { _ = try InputFile(directory.file("pipe")) } == .unsupported)
        #expect(code { _ = try InputFile(directory.path) } == .unsupported)
        #expect(code { _ = try InputFile(directory.file("missing")) } == .notFound)
    }

    @Test func rangesBeyondASourceAreTruncated() throws {
        let source = MemorySource([1, 2, 3, 4])
        let slice = try SliceSource(source, 1..<3)
        #expect(try slice.bytes(at: 0, count: 2) == [2, 3])
        #expect(code { _ = try slice.bytes(at: 1, count: 2) } == .truncated)
        #expect(code { _ = try source.bytes(at: .max, count: 1) } == .truncated)
        #expect(code { _ = try source.bytes(at: 0, count: -1) } == .truncated)
        #expect(code { _ = try SliceSource(source, 3..<5) } == .truncated)
    }

    @Test func unsafePathsAreRecognised() {
        for path in ["", "/a", "a/../b", "..", ".", "a//b", "a/", "a\0b", String(repeating: "x", count: 256)] {
            #expect(!Paths.isSafeRelative(path), "\(path)")
        }
        for path in ["a", "a/b.c", "..a", "a b/é"] { #expect(Paths.isSafeRelative(path)) }
        #expect(Paths.split("/a/b/") == ("/a", "b"))
        #expect(Paths.split("a") == (".", "a"))
        #expect(Paths.split("/a") == ("/", "a"))
        #expect(Paths.join("a/", "b") == "a/b")
    }
}
