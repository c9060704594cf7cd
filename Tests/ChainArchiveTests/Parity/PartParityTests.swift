import FileSystem
import Testing
import VarveTestSupport

@testable import ChainArchive

/// The sums over a part's stripes, against the formula of the format's description.
@Suite struct PartParityTests {
    let directory = try! TemporaryDirectory()

    private static func random(_ count: Int, seed: UInt64) -> [UInt8] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next() >> 11) }
    }

    private static func parity(_ bytes: [UInt8], pieces: () -> Int) -> PartParity? {
        var maker = PartParityMaker(), start = 0
        while start < bytes.count {
            let end = min(start + pieces(), bytes.count)
            bytes[start..<end].withUnsafeBytes { maker.add($0) }
            start = end
        }
        return maker.finish()
    }

    /// Word by word, with powers of the generator.
    private static func sums(_ bytes: [UInt8], width: Int) -> (plain: [UInt16], weighted: [UInt16]) {
        var plain = [UInt16](repeating: 0, count: width), weighted = plain
        let generator = ParitySums.generator(width: width)
        var power: UInt16 = 1
        for start in stride(from: 0, to: bytes.count, by: 2 * width) {
            for index in 0..<width where start + 2 * index < bytes.count {
                let high = start + 2 * index + 1
                let word = UInt16(bytes[high - 1]) | (high < bytes.count ? UInt16(bytes[high]) << 8 : 0)
                plain[index] ^= word
                weighted[index] ^= Field65536.product(power, word)
            }
            power = Field65536.product(power, generator)
        }
        return (plain, weighted)
    }

    @Test(arguments: [
        1, 2, 15, 16, 17, 4095, 5000, 100_001, 2_000_000, 4 << 20, 4 << 20 + 6, 8 << 20, 9_000_001, 12 << 20,
    ])
    func sumsAreThoseOfTheFormulaWhateverThePieces(count: Int) throws {
        let bytes = Self.random(count, seed: UInt64(count))
        let whole = try #require(Self.parity(bytes) { count })
        var random = SplitMix64(seed: 3)
        #expect(Self.parity(bytes) { 1 + Int(random.next() % UInt64(max(1, count / 7))) } == whole)
        let expected = Self.sums(bytes, width: ParitySums.width(byteCount: UInt64(count)))
        #expect(whole.plain == expected.plain && whole.weighted == expected.weighted)
        #expect(whole.hash == Hash128(bytes) && whole.byteCount == UInt64(count))
        #expect(whole.sealed.count == Int(PartParity.byteCount(ofPart: UInt64(count))))
    }

    @Test func itTakesAHundredthAndAHundredBytesAtMost() {
        for exponent in 0..<38 {
            let power = UInt64(1) << UInt64(exponent), counts: [UInt64] = [power, 3 * power, 2 * power - 1]
            for count in counts where count <= ParitySums.mostBytes {
                let bytes = PartParity.byteCount(ofPart: count)
                #expect(bytes <= count / 100 + 100, "\(count)")
                if count >= 4 << 20 { #expect(bytes <= count / 256 + 48) }
            }
        }
    }

    @Test func everyFlippedBitAndEveryCutOfAParityIsFound() throws {
        let sealed = try #require(Self.parity(Self.random(700, seed: 1)) { 700 }).sealed
        let path = Paths.join(directory.path, "0000.parity")
        func read(_ bytes: [UInt8]) throws -> PartParity? {
            let file = try OutputFile(path)
            try file.write(bytes, at: 0)
            try file.commit(sync: false)
            return try PartParity.read(path)
        }
        #expect(try read(sealed)?.sealed == sealed)
        for bit in 0..<8 * sealed.count {
            var damaged = sealed
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            let error = #expect(throws: VarveError.self) { try read(damaged) }
            #expect(error?.code == .damaged)
        }
        for count in sealed.indices {
            #expect(throws: VarveError.self) { try read(Array(sealed[..<count])) }
        }
    }

    @Test func generatorsAreSquareRootsOfEachOther() {
        var width = ParitySums.widest
        #expect(ParitySums.generator(width: width) == 2)
        while width > 8 {
            let wide = ParitySums.generator(width: width), half = ParitySums.generator(width: width / 2)
            #expect(Field65536.product(half, half) == wide)
            width /= 2
        }
    }
}
