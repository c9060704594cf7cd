import FileSystem
import Glibc
import Synchronization
import Testing
import VarveTestSupport

@testable import ChainArchive

/// Any one damaged stretch of a part that is shorter than a stripe is mended.
@Suite struct PartMenderTests {
    let directory = try! TemporaryDirectory()
    private var path: String { Paths.join(directory.path, "0000.part") }

    private func write(_ bytes: [UInt8], to path: String) throws {
        let file = try OutputFile(path)
        try file.write(bytes, at: 0)
        try file.commit(sync: false)
    }

    private func read() throws -> [UInt8] {
        let file = try InputFile(path)
        return try file.bytes(at: 0, count: Int(file.byteCount))
    }

    private static func random(_ count: Int, seed: UInt64) -> [UInt8] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next() >> 11) }
    }

    private func parity(_ bytes: [UInt8]) throws -> PartParity {
        var maker = PartParityMaker()
        bytes.withUnsafeBytes { maker.add($0) }
        let parity = maker.finish()
        return try #require(parity)
    }

    /// Writes the damaged bytes and mends them.
    /// - Returns: whether that was possible.
    private func mend(_ damaged: [UInt8], _ parity: PartParity) throws -> Bool {
        try write(damaged, to: path)
        let mender = PartMender(path, parity)
        guard case .mendable(let mending) = try mender.examine() else { return false }
        try mender.mend(mending) { _ in }
        return true
    }

    @Test(arguments: [1, 2, 16, 31, 500, 8193, 150_001, 1_500_000, 5_000_001, 9_000_002])
    func aStretchAnywhereIsMended(count: Int) throws {
        let bytes = Self.random(count, seed: UInt64(count)), parity = try parity(bytes)
        let stripe = 2 * parity.width
        if count >= 1 << 20 { #expect(stripe >= 4096) }
        var random = SplitMix64(seed: 5)
        for round in 0..<12 {
            let length = round == 0 ? 1 : min(count, 1 + Int(random.next() % UInt64(stripe - 1)))
            let start = round == 1 ? count - length : Int(random.next() % UInt64(count - length + 1))
            var damaged = bytes
            for index in start..<start + length { damaged[index] = round % 2 == 0 ? ~bytes[index] : 0 }
            guard damaged != bytes else { continue }
            #expect(try mend(damaged, parity), "\(length) bytes at \(start) of \(count)")
            #expect(try read() == bytes)
        }
    }

    @Test func whatIsCutOffOrTooMuchIsMended() throws {
        let bytes = Self.random(300_000, seed: 2), parity = try parity(bytes)
        for damaged in [Array(bytes.dropLast(1)), Array(bytes.dropLast(2 * parity.width - 1)), bytes + [1, 2, 3]] {
            #expect(try mend(damaged, parity))
            #expect(try read() == bytes)
        }
        #expect(try !mend([], parity))
        #expect(try read() == [])
    }

    @Test func moreThanCanBeMendedIsLeftAsItIs() throws {
        let bytes = Self.random(300_000, seed: 2), parity = try parity(bytes)
        var twice = bytes
        for index in [100, 100 + 2 * parity.width, 100 + 10 * parity.width] { twice[index] ^= 1 }
        var long = bytes
        for index in 1000..<1000 + 5 * parity.width { long[index] = 0 }
        for damaged in [twice, long, Self.random(300_000, seed: 3)] {
            #expect(try !mend(damaged, parity))
            #expect(try read() == damaged)
        }
    }

    /// A disk that does not give a sector back: the file system says EIO for its page.
    @Test func anUnreadablePageIsMended() async throws {
        let bytes = Self.random(2_000_000, seed: 4), parity = try parity(bytes)
        try write(bytes, to: path)
        for page in [0, 200, 488] {
            try await SystemCalls.withInjector(BadPage(path: path, page: page, pageCount: 489)) {
                let mender = PartMender(path, parity)
                guard case .mendable(let mending) = try mender.examine() else {
                    Issue.record("page \(page) is not mended")
                    return
                }
                try mender.mend(mending) { _ in }
            }
            #expect(try read() == bytes)
        }
    }
}

/// Fails every read of a file that is longer than a page, and that of one page each time all are read in order.
private final class BadPage: SystemCalls.FaultInjector {
    private let path: String
    private let page: Int
    private let pageCount: Int
    private let state = Mutex((isLong: false, pages: 0))

    init(path: String, page: Int, pageCount: Int) {
        (self.path, self.page, self.pageCount) = (path, page, pageCount)
    }

    func shortRead(path: String, count: Int) -> Int? {
        if path == self.path { state.withLock { $0.isLong = count > 4096 } }
        return nil
    }

    func errorNumber(for call: SystemCalls.Name, path: String) -> Int32? {
        guard call == .read, path == self.path else { return nil }
        return state.withLock { state in
            if state.isLong { return EIO }
            state.pages += 1
            return (state.pages - 1) % pageCount == page ? EIO : nil
        }
    }
}
