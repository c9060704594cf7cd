import Dispatch
import Glibc
import Synchronization
import Testing
import VarveTestSupport

@testable import FileSystem

/// Files beyond the limit of descriptors are parked, and nobody who uses them can tell.
@Suite struct DescriptorPoolTests {
    private static func bytes(of file: Int, count: Int = 20_000) -> [UInt8] {
        let pattern = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ ($0 >> 8) &+ file &* 7) }
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += pattern.prefix(count - bytes.count) }
        return bytes
    }

    private static func inputs(
        _ count: Int, in directory: TemporaryDirectory, _ pool: DescriptorPool
    ) throws -> [InputFile] {
        try (0..<count).map { index in
            try directory.write(bytes(of: index), to: "\(index)")
            return try InputFile(directory.file("\(index)"), pool: pool)
        }
    }

    private static func code(_ body: () throws -> Void) -> VarveError.Code? {
        do { try body() } catch { return (error as? VarveError)?.code }
        return nil
    }

    /// Descriptors of this process on files in a directory.
    private static func open(in directory: TemporaryDirectory) throws -> Int {
        try SystemCalls.list("/proc/self/fd").count {
            let target = try? SystemCalls.readSymbolicLink("/proc/self/fd/\($0)")
            return target?.hasPrefix(directory.path) ?? false
        }
    }

    @Test func manyThreadsReadMoreFilesThanMayBeOpen() throws {
        let directory = try TemporaryDirectory(), pool = DescriptorPool(limit: 2)
        let files = try Self.inputs(10, in: directory, pool)
        #expect(pool.count == 2)
        #expect(try Self.open(in: directory) == 2)
        let most = Mutex(0), contents = (0..<10).map { Self.bytes(of: $0) }
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            var random = SplitMix64(seed: UInt64(thread))
            for _ in 0..<400 {
                let index = Int(random.next() % 10), start = Int(random.next() % 15_000)
                let count = Int(random.next() % 5_000)
                do {
                    let read = try files[index].bytes(at: UInt64(start), count: count)
                    #expect(read == [UInt8](contents[index][start..<start + count]))
                } catch {
                    Issue.record("\(error)")
                }
                most.withLock { $0 = max($0, pool.count) }
            }
        }
        // Each thread is in one call at a time.
        #expect(most.withLock { $0 } <= 2 + 8)
        _ = try files[0].bytes(at: 0, count: 1)
        _ = try files[1].bytes(at: 0, count: 1)
        let (count, open) = (pool.count, try Self.open(in: directory))
        withExtendedLifetime(files) { #expect(count == 2 && open == 2) }
    }

    @Test func thePooledDescriptorsAreClosedWithTheirFiles() throws {
        let directory = try TemporaryDirectory(), pool = DescriptorPool(limit: 3)
        do {
            let files = try Self.inputs(5, in: directory, pool)
            #expect(try Self.open(in: directory) == 3)
            _ = try files[0].bytes(at: 0, count: 5)
        }
        #expect(pool.count == 0)
        #expect(try Self.open(in: directory) == 0)
        #expect(Self.code { _ = try InputFile(directory.file("none"), pool: pool) } == .notFound)
        #expect(Self.code { _ = try InputFile(directory.path, pool: pool) } == .unsupported)
        #expect(pool.count == 0)
    }

    @Test func theFileThatWaitsForTheLongestTimeIsParked() throws {
        let directory = try TemporaryDirectory(), pool = DescriptorPool(limit: 2)
        let files = try Self.inputs(2, in: directory, pool)
        _ = try files[0].bytes(at: 0, count: 1)
        let third = try Self.inputs(1, in: directory, pool)
        let calls = FailingCalls(failAt: -1, 0, pathPart: directory.path)
        try calls.installed { _ = try files[0].bytes(at: 0, count: 1) }
        #expect(calls.count == 1, "it is open: nothing but the read")
        try calls.installed { _ = try files[1].bytes(at: 0, count: 1) }
        #expect(calls.count == 5, "close of another one, open, stat, read")
        withExtendedLifetime(third) {}
    }

    @Test func belowTheLimitNoCallIsMade() throws {
        let directory = try TemporaryDirectory(), pool = DescriptorPool(limit: 20)
        let calls = FailingCalls(failAt: -1, 0, pathPart: directory.path)
        for index in 0..<10 { try directory.write(Self.bytes(of: index), to: "\(index)") }
        try calls.installed {
            let files = try (0..<10).map { try InputFile(directory.file("\($0)"), pool: pool) }
            for file in files + files.reversed() { _ = try file.bytes(at: 5, count: 100) }
            for file in files { try file.checkContent() }
        }
        #expect(calls.count == 10 * (2 + 2 + 1 + 1), "open, stat, two reads, stat, close")
    }

    @Test func aParkedFileThatIsAnotherOneIsRefused() throws {
        let directory = try TemporaryDirectory(), pool = DescriptorPool(limit: 1)
        let files = try Self.inputs(6, in: directory, pool)
        let path = { (index: Int) in directory.file("\(index)") }
        let time = files[1].identity.modified
        try SystemCalls.unlink(path(0))
        // As if nothing had happened, but for the inode.
        try directory.write(Self.bytes(of: 7), to: "1")
        try SystemCalls.setModificationTime(path(1), nanoseconds: time)
        try SystemCalls.setModificationTime(path(2), nanoseconds: time + 1_000_000_000)
        let third = try SystemCalls.open(path(3), flags: O_WRONLY)
        try SystemCalls.truncate(third, to: 5, path: path(3))
        try SystemCalls.close(third, path: path(3))
        try SystemCalls.setModificationTime(path(3), nanoseconds: files[3].identity.modified)
        for index in 0..<4 {
            #expect(Self.code { _ = try files[index].bytes(at: 0, count: 1) } == .sourceChanged, "\(index)")
            #expect(Self.code { try files[index].checkContent() } == .sourceChanged, "\(index)")
            #expect(!files[index].isHole(0..<1))
            #expect(pool.count <= 1)
        }
        #expect(try files[4].bytes(at: 0, count: 9) == Self.bytes(of: 4, count: 9))
        // A name more or another mode is no other content.
        try SystemCalls.setMode(path(5), 0o400)
        try SystemCalls.link(path(5), directory.file("link"))
        #expect(try files[5].bytes(at: 0, count: 9) == Self.bytes(of: 5, count: 9))
        try files[4].checkContent()
    }

    @Test func aFileThatStaysOpenOutlivesItsName() throws {
        let directory = try TemporaryDirectory(), pool = DescriptorPool(limit: 1)
        for index in 0..<5 { try directory.write(Self.bytes(of: index), to: "held\(index)") }
        let held = try (0..<5).map { try InputFile(directory.file("held\($0)"), staysOpen: true) }
        let others = try Self.inputs(5, in: directory, pool)
        for index in 0..<5 { try SystemCalls.unlink(directory.file("held\(index)")) }
        for (index, file) in others.enumerated() {
            #expect(try file.bytes(at: 0, count: 9) == Self.bytes(of: index, count: 9))
        }
        for (index, file) in held.enumerated() {
            #expect(try file.bytes(at: 0, count: 9) == Self.bytes(of: index, count: 9))
            try file.checkContent()
        }
        withExtendedLifetime(others) { #expect(pool.count == 1) }
    }

    /// With and without a second descriptor past the page cache.
    @Test(arguments: [20_000, 17 << 20]) func outputsAreWrittenInTurn(byteCount: Int) throws {
        let directory = try TemporaryDirectory(), pool = DescriptorPool(limit: 2)
        let contents = (0..<6).map { Self.bytes(of: $0, count: byteCount) }
        let files = try (0..<6).map {
            try OutputFile(directory.file("\($0)"), byteCount: UInt64(byteCount), pool: pool)
        }
        #expect(pool.count <= 2)
        let piece = byteCount / 8 + 1
        DispatchQueue.concurrentPerform(iterations: 8 * 6) { index in
            let (part, file) = index.quotientAndRemainder(dividingBy: 6)
            let range = part * piece..<min(byteCount, (part + 1) * piece)
            do { try files[file].write([UInt8](contents[file][range]), at: UInt64(range.lowerBound)) } catch {
                Issue.record("\(error)")
            }
        }
        for (index, file) in files.enumerated() {
            #expect(try file.bytes(at: 0, count: byteCount) == contents[index])
        }
        for file in files { try file.commit(sync: false) }
        #expect(pool.count == 0)
        #expect(try Self.open(in: directory) == 0)
        for index in 0..<6 { #expect(try directory.read("\(index)") == contents[index]) }
    }

    @Test func anOutputThatIsReplacedIsNotWrittenTo() throws {
        let directory = try TemporaryDirectory(), pool = DescriptorPool(limit: 1)
        let files = try (0..<3).map { try OutputFile(directory.file("\($0)"), pool: pool) }
        try directory.write([1], to: "victim")
        let (first, second) = (files[0].temporaryPath, files[1].temporaryPath)
        try SystemCalls.unlink(first)
        try SystemCalls.symbolicLink(target: directory.file("victim"), at: first)
        try SystemCalls.unlink(second)
        try SystemCalls.link(directory.file("victim"), second)
        for file in files[..<2] { #expect(Self.code { try file.write([9], at: 0) } != nil) }
        #expect(try directory.read("victim") == [1])
        try files[2].write([9], at: 0)
    }

    @Test func anAbandonedOutputLeavesNothingParkedOrNot() throws {
        let directory = try TemporaryDirectory(), pool = DescriptorPool(limit: 1)
        do {
            let files = try (0..<3).map { try OutputFile(directory.file("\($0)"), byteCount: 9, pool: pool) }
            try files[1].write([1], at: 0)
        }
        #expect(try SystemCalls.list(directory.path) == [])
        #expect(pool.count == 0)
    }

    /// A file server may say only when a file is closed that there was no room for it.
    @Test func whatClosingAParkedOutputComesToIsTold() throws {
        let directory = try TemporaryDirectory(), pool = DescriptorPool(limit: 1)
        let file = try OutputFile(directory.file("x"), pool: pool)
        try file.write([1], at: 0)
        for (call, number) in [(0, EIO), (1, ENOSPC)] {
            let file = try OutputFile(directory.file("\(call)"), pool: pool)
            let failing = FailingCalls(failAt: call, number, pathPart: file.temporaryPath)
            let other = try failing.installed { try OutputFile(directory.file("other"), pool: pool) }
            let code: VarveError.Code = number == EIO ? .inputOutput : .noSpace
            #expect(Self.code { try file.write([1], at: 1) } == code)
            #expect(Self.code { try file.commit(sync: false) } == code)
            withExtendedLifetime(other) {}
        }
        try file.commit(sync: false)
        #expect(try SystemCalls.list(directory.path) == ["x"])
    }
}
