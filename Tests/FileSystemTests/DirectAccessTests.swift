import Dispatch
import Glibc
import Testing
import VarveTestSupport

@testable import FileSystem

/// Large files go past the page cache; nobody who reads them can tell.
@Suite struct DirectAccessTests {
    private static let byteCount = (24 << 20) + 1234

    private static func bytes(seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, filled in
            for index in stride(from: 0, to: byteCount, by: 8) {
                let value = random.next()
                for position in index..<min(index + 8, byteCount) {
                    buffer[position] = UInt8(truncatingIfNeeded: value >> (8 * (position - index)))
                }
            }
            filled = byteCount
        }
    }

    /// All of it in pieces of any size, in any order; every other one begins with a block of the disk.
    private static func pieces(seed: UInt64) -> [Range<Int>] {
        var random = SplitMix64(seed: seed), result: [Range<Int>] = [], start = 0
        while start < byteCount {
            var end = start + 1 + Int(random.next() % [200, 70_000, 600_000, 3_500_000][Int(random.next() % 4)])
            if random.next() % 2 == 0 { end = (end + 4095) / 4096 * 4096 }
            end = min(end, byteCount)
            result.append(start..<end)
            start = end
        }
        return result.shuffled(using: &random)
    }

    @Test(arguments: 0..<4) func aLargeFileHoldsWhatManyThreadsWroteInPieces(seed: Int) throws {
        let directory = try TemporaryDirectory()
        let expected = Self.bytes(seed: UInt64(seed)), pieces = Self.pieces(seed: UInt64(50 + seed))
        let output = try OutputFile(directory.file("x"), byteCount: UInt64(Self.byteCount))
        DispatchQueue.concurrentPerform(iterations: pieces.count) { index in
            let piece = pieces[index]
            expected.withUnsafeBytes {
                let part = UnsafeRawBufferPointer(rebasing: $0[piece])
                do { try output.write(part, at: UInt64(piece.lowerBound)) } catch { Issue.record("\(error)") }
            }
        }
        #expect(try output.bytes(at: 0, count: Self.byteCount) == expected, "before it has its name")
        try output.commit()
        #expect(try directory.read("x") == expected)
    }

    @Test(arguments: 0..<8) func whatIsWrittenLastCounts(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(80 + seed))
        let directory = try TemporaryDirectory()
        var expected = [UInt8](repeating: 0, count: Self.byteCount)
        let output = try OutputFile(directory.file("x"), byteCount: UInt64(Self.byteCount))
        let source = Self.bytes(seed: random.next())
        for _ in 0..<60 {
            let count = 1 + Int(random.next() % [50, 9_000, 300_000, 3_000_000][Int(random.next() % 4)])
            let from = Int(random.next() % UInt64(Self.byteCount - count))
            // Most of it into the same few megabytes.
            let to = Int(random.next() % UInt64(random.next() % 4 == 0 ? Self.byteCount - count : 1_000_000))
            try source.withUnsafeBytes {
                try output.write(UnsafeRawBufferPointer(rebasing: $0[from..<from + count]), at: UInt64(to))
            }
            expected.replaceSubrange(to..<to + count, with: source[from..<from + count])
        }
        try output.commit()
        #expect(try directory.read("x") == expected)
    }

    @Test func whatIsReadOnceIsTheSameFromCacheAndDisk() throws {
        let directory = try TemporaryDirectory()
        let expected = Self.bytes(seed: 9)
        try directory.write(expected, to: "x")
        let file = try InputFile(directory.file("x"))
        for range in Self.pieces(seed: 10).prefix(12) + [0..<Self.byteCount, Self.byteCount - 300_000..<Self.byteCount]
        {
            for isCached in [false, true] {
                if isCached {
                    _ = try file.bytes(at: UInt64(range.lowerBound), count: range.count)
                } else {
                    SystemCalls.dropCache(directory.file("x"))
                }
                #expect(
                    try file.bytesOnce(at: UInt64(range.lowerBound), count: range.count)
                        .elementsEqual(expected[range]), "\(range)")
            }
        }
        #expect(throws: VarveError.self) { try file.bytesOnce(at: 100, count: Self.byteCount) }
        #expect(throws: VarveError.self) { try file.bytesOnce(at: .max, count: 1 << 20) }
    }

    /// Whether temporary files lie on a file system that has direct access.
    private static let isPossible: Bool = {
        guard let directory = try? TemporaryDirectory(), (try? directory.write([1], to: "x")) != nil,
            let descriptor = try? SystemCalls.open(directory.file("x"), flags: O_RDONLY)
        else { return false }
        defer { SystemCalls.discard(descriptor, path: "x") }
        return DirectReader(descriptor, path: "x") != nil
    }()

    @Test(.enabled(if: isPossible, "needs temporary files on a file system with direct access"))
    func aDirectReadIsTheFileAtAnyOffset() throws {
        let directory = try TemporaryDirectory()
        let expected = Self.bytes(seed: 11)
        try directory.write(expected, to: "x")
        let descriptor = try SystemCalls.open(directory.file("x"), flags: O_RDONLY)
        defer { SystemCalls.discard(descriptor, path: "x") }
        let reader = try #require(DirectReader(descriptor, path: "x"))
        for range in Self.pieces(seed: 12).prefix(20) {
            var buffer = [UInt8](repeating: 0, count: range.count)
            let count = try buffer.withUnsafeMutableBytes {
                try reader.read(at: UInt64(range.lowerBound), into: $0)
            }
            #expect(buffer[..<count].elementsEqual(expected[range].prefix(count)))
            #expect(count == range.count, "\(range)")
        }
        var buffer = [UInt8](repeating: 0, count: 8192)
        let atEnd = try buffer.withUnsafeMutableBytes { try reader.read(at: UInt64(Self.byteCount - 100), into: $0) }
        #expect(atEnd == 100)
    }

    @Test func everyFailureOfALargeWriteIsToldAndLeavesNothing() throws {
        let directory = try TemporaryDirectory()
        let bytes = Self.bytes(seed: 13)
        func write() throws {
            let output = try OutputFile(directory.file("x"), byteCount: UInt64(bytes.count))
            try output.write(bytes, at: 0)
            try output.commit()
        }
        let counting = FailingCalls(failAt: -1, 0, pathPart: directory.path)
        try counting.installed { try write() }
        try Directories.remove(directory.file("x"))
        #expect(counting.count > 10)
        for index in 0..<counting.count {
            let failing = FailingCalls(failAt: index, ENOSPC, pathPart: directory.path)
            failing.installed {
                do {
                    try write()
                    Issue.record("call \(index) did not fail")
                } catch {
                    #expect((error as? VarveError)?.code == .noSpace, "call \(index)")
                }
            }
            #expect(try SystemCalls.list(directory.path) == [], "call \(index)")
        }
    }

    /// What another thread finds out too late for the write that was its cause.
    @Test(.enabled(if: isPossible, "needs temporary files on a file system with direct access"))
    func whatADiskRefusesIsToldAtTheLatestWhenAllIsWritten() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("x")
        let descriptor = try SystemCalls.open(path, flags: O_RDWR | O_CREAT)
        defer { SystemCalls.discard(descriptor, path: path) }
        let direct = try #require(SystemCalls.openDirectly(descriptor, writing: true))
        defer { SystemCalls.closeDirectly(direct) }
        let file = PooledDescriptor(
            .init(file: descriptor, direct: direct), path: path, pool: nil, reopening: .output)
        let writer = DirectWriter(file, path: path)
        // No file system has files so large.
        let far = UInt64(Int64.max) / 4096 * 4096 - (64 << 20)
        try [UInt8](repeating: 7, count: 4096).withUnsafeBytes { _ = try writer.write($0, at: far) }
        #expect(throws: VarveError.self) { try writer.finish() }
        #expect(throws: VarveError.self) {
            try [UInt8](repeating: 7, count: 4096).withUnsafeBytes { try writer.write($0, at: 0) }
        }
    }

    @Test func aScratchFileGivesBackWhatItTook() throws {
        let directory = try TemporaryDirectory()
        let file = try ScratchFile(directory: directory.path)
        let expected = Self.bytes(seed: 15)
        for piece in Self.pieces(seed: 16) {
            try expected.withUnsafeBytes {
                try file.write(UnsafeRawBufferPointer(rebasing: $0[piece]), at: UInt64(piece.lowerBound))
            }
        }
        for range in Self.pieces(seed: 17).prefix(30) {
            var found = [UInt8](repeating: 0, count: range.count)
            try found.withUnsafeMutableBytes { try file.read(at: UInt64(range.lowerBound), into: $0) }
            #expect(found.elementsEqual(expected[range]))
        }
        #expect(try SystemCalls.list(directory.path) == [])
        var beyond = [UInt8](repeating: 0, count: 10)
        #expect(throws: VarveError.self) {
            try beyond.withUnsafeMutableBytes { try file.read(at: UInt64(Self.byteCount), into: $0) }
        }
    }
}
