import Testing
import VarveTestSupport

import FileSystem
@testable import TensorFiles

/// Checksums after a rewrite are the ones torch would have written.
@Suite struct ZipChecksumsTests {
    /// Torch zip files of the fixtures, and of the shared runs if they are there.
    static func torchZips() throws -> [String] {
        var paths = try Fixtures.paths()
        if let directory = SharedRuns.directory { paths += try SharedRuns.files(under: directory) }
        return try paths.filter { path in
            guard [".pt", ".pth", ".bin", ".ckpt", ".tar"].contains(where: { path.hasSuffix($0) }) else { return false }
            return try TensorFile.open(try InputFile(path))?.container == .torchZip
        }
    }

    /// A copy of `bytes` with `patches` written over it, sealed; what it then holds.
    static func sealed(_ bytes: [UInt8], patches: [(UInt64, [UInt8])], in directory: TemporaryDirectory) throws
        -> [UInt8]
    {
        let output = try OutputFile(directory.file("copy"), byteCount: UInt64(bytes.count))
        try output.write(bytes, at: 0)
        for (offset, patch) in patches { try output.write(patch, at: offset) }
        try ZipChecksums.reseal(output, changed: patches.map { $0.0..<$0.0 + UInt64($0.1.count) })
        return try output.bytes(at: 0, count: Int(output.byteCount))
    }

    static func storages(_ bytes: [UInt8]) throws -> [(UInt64, [UInt8])] {
        let file = try #require(try TensorFile.open(MemorySource(bytes)))
        return file.storages.map {
            ($0.fileOffset, Array(bytes[Int($0.fileOffset)..<Int($0.fileOffset + $0.byteCount)]))
        }
    }

    /// CRCs of directory and descriptors are those of the data; the id follows from them.
    static func expectSealed(_ bytes: [UInt8], _ comment: Comment) throws {
        let source = MemorySource(bytes)
        let archive = try #require(try TorchArchive(reading: source))
        var crcs: [(UInt32, UInt32?)] = []
        for record in archive.records where record.byteCount > 0 {
            let crc = try Checksum.crc32(of: source, record.data)
            #expect(record.crc == crc, comment)
            let offset = try #require(record.descriptorCRCOffset)
            #expect(bytes[Int(offset) - 4..<Int(offset)].elementsEqual([0x50, 0x4B, 7, 8]), comment)
            #expect(bytes.littleEndian(UInt32.self, at: Int(offset)) == crc, comment)
            #expect(bytes.littleEndian(UInt32.self, at: Int(record.localOffset) + 14) == 0, comment)
            let data = bytes[Int(record.data.lowerBound)..<Int(record.data.upperBound)]
            let embedded =
                record.byteCount >= 8 && data.starts(with: [0x50, 0x4B, 7, 8])
                ? bytes.littleEndian(UInt32.self, at: Int(record.dataOffset) + 4) : nil
            if record.name.suffix(16) != Array("serialization_id".utf8)[...] { crcs.append((crc, embedded)) }
        }
        if let identifier = archive.record(SerializationID.recordName) {
            let digits = bytes[Int(identifier.dataOffset) + 20..<Int(identifier.data.upperBound)]
            #expect(Array(digits) == SerializationID.digits(of: crcs.map { (crc: $0.0, embedded: $0.1) }), comment)
        }
    }

    @Test func sameStoragesGiveTheSameFile() throws {
        let directory = try TemporaryDirectory()
        let paths = try Self.torchZips()
        for path in paths {
            let input = try InputFile(path)
            let bytes = try input.bytes(at: 0, count: Int(input.byteCount))
            let copy = try Self.sealed(bytes, patches: try Self.storages(bytes), in: directory)
            #expect(copy == bytes, "\(path)")
        }
        #expect(paths.count >= 15)
    }

    /// Other values in and the old values back in again: every byte is as before.
    @Test func otherStoragesAreSealedAndTheOldOnesComeBack() throws {
        let directory = try TemporaryDirectory()
        var random = SplitMix64(seed: 11)
        for path in try Self.torchZips() where !path.hasSuffix("no_crc.pt") && !path.hasSuffix("descriptor.pt") {
            let input = try InputFile(path)
            let bytes = try input.bytes(at: 0, count: Int(input.byteCount))
            let storages = try Self.storages(bytes)
            let other = try Self.sealed(
                bytes, patches: storages.map { ($0.0, random.bytes($0.1.count)) }, in: directory)
            try Self.expectSealed(other, "\(path)")
            #expect(try Self.sealed(other, patches: storages, in: directory) == bytes, "\(path)")
        }
    }

    /// The bytes of one step in the file of the step before, as a decoder of residuals puts them there.
    @Test func aLaterStepInTheFileOfAnEarlierOneIsSealed() throws {
        let directory = try TemporaryDirectory()
        let earlier = try Fixtures.bytes("real/model_0.pth")
        let later = try Fixtures.bytes("real/model_1.pth")
        let patches = try zip(Self.storages(earlier), Self.storages(later)).map { old, new in
            #expect(old.1.count == new.1.count)
            return (old.0, new.1)
        }
        let result = try Self.sealed(earlier, patches: patches, in: directory)
        try Self.expectSealed(result, "model_1 in model_0")
        #expect(result != earlier)
    }

    /// Only some storages changed, told in pieces, out of order, overlapping each other and the gaps.
    @Test func partialAndOverlappingRangesAreTakenIn() throws {
        let directory = try TemporaryDirectory()
        let bytes = TorchMaker.zip(DamageTests.tensors)
        let first = try Self.storages(bytes)[0]
        let output = try OutputFile(directory.file("copy"), byteCount: UInt64(bytes.count))
        try output.write(bytes, at: 0)
        try output.write([9, 9], at: first.0 + 7)
        try ZipChecksums.reseal(output, changed: [first.0 + 8..<first.0 + 9, 3..<3, first.0 + 1..<first.0 + 8])
        try Self.expectSealed(try output.bytes(at: 0, count: bytes.count), "partial")
    }

    @Test func theIdTakesInARecordThatBeginsLikeADescriptor() throws {
        try Self.expectSealed(try Fixtures.bytes("odd/descriptor.pt"), "descriptor")
    }

    @Test func checksumsThatWereOffStayOff() throws {
        let directory = try TemporaryDirectory()
        for bytes in [try Fixtures.bytes("odd/no_crc.pt"), TorchMaker.zip(DamageTests.tensors, withCRC: false)] {
            let offset = try Self.storages(bytes)[0].0
            var expected = bytes
            expected[Int(offset)] ^= 1
            #expect(try Self.sealed(bytes, patches: [(offset, [expected[Int(offset)]])], in: directory) == expected)
        }
    }

    @Test func anIdThatDoesNotFollowFromTheChecksumsStays() throws {
        let directory = try TemporaryDirectory()
        let original = TorchMaker.zip(DamageTests.tensors)
        let identifier = try #require(
            try TorchArchive(reading: MemorySource(original))?.record(SerializationID.recordName))
        var bytes = original
        bytes[Int(identifier.dataOffset) + 39] ^= 1
        let offset = try Self.storages(bytes)[0].0
        let result = try Self.sealed(bytes, patches: [(offset, [0xAB])], in: directory)
        let after = try #require(try TorchArchive(reading: MemorySource(result)))
        #expect(
            result[Int(identifier.dataOffset)..<Int(identifier.data.upperBound)]
                == bytes[Int(identifier.dataOffset)..<Int(identifier.data.upperBound)])
        #expect(after.record(SerializationID.recordName)?.crc == identifier.crc)
        let changed = try #require(after.record("data/0"))
        #expect(changed.crc == (try Checksum.crc32(of: MemorySource(result), changed.data)))
    }

    @Test func longDescriptorsAndZip64EntriesAreSealed() throws {
        let directory = try TemporaryDirectory()
        var writer = ZipWriter()
        writer.usesZip64 = true
        writer.add("m/data.pkl", TorchMaker.pickle([DamageTests.tensors[0]]))
        writer.add("m/data/0", DamageTests.tensors[0].bytes)
        writer.add("m/version", Array("3\n".utf8))
        let bytes = writer.finished()
        let storage = try Self.storages(bytes)[0]
        #expect(storage.1 == DamageTests.tensors[0].bytes)
        let result = try Self.sealed(bytes, patches: [(storage.0, [1, 2, 3])], in: directory)
        try Self.expectSealed(result, "zip64")
        #expect(try Self.sealed(result, patches: [storage], in: directory) == bytes)
    }

    @Test func containersWithoutChecksumsStayAsTheyAre() throws {
        let directory = try TemporaryDirectory()
        let files = [
            SafetensorsMaker.file(DamageTests.tensors), TorchMaker.legacy(DamageTests.tensors), Array("anything".utf8),
            [],
            try Fixtures.bytes("other/arrays.npz"),
        ]
        for bytes in files {
            #expect(try Self.sealed(bytes, patches: bytes.isEmpty ? [] : [(0, [bytes[0]])], in: directory) == bytes)
        }
    }

    /// CRCs that were taken while the bytes were at hand are worth as much as reading them again, whichever are known.
    @Test(arguments: 0..<6) func knownChecksumsGiveTheSameFile(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let directory = try TemporaryDirectory()
        for path in try Fixtures.paths() where path.hasSuffix(".pt") || path.hasSuffix(".bin") {
            guard try TensorFile.open(try InputFile(path))?.container == .torchZip else { continue }
            let input = try InputFile(path)
            let bytes = try input.bytes(at: 0, count: Int(input.byteCount))
            let patches = try Self.storages(bytes).map { ($0.0, $0.1.map { $0 ^ 0x55 }) }
            let expected = try Self.sealed(bytes, patches: patches, in: directory)
            let output = try OutputFile(directory.file("known"), byteCount: UInt64(bytes.count))
            try output.write(bytes, at: 0)
            var known: [(range: Range<UInt64>, crc: UInt32)] = []
            for (offset, patch) in patches {
                try output.write(patch, at: offset)
                // Some pieces of it, with gaps between.
                var start = Int(random.next() % 8)
                while start < patch.count, random.next() % 4 != 0 {
                    let end = min(patch.count, start + 1 + Int(random.next() % 4000))
                    known.append(
                        (offset + UInt64(start)..<offset + UInt64(end), Checksum.crc32(Array(patch[start..<end]))))
                    start = end + Int(random.next() % 3)
                }
            }
            known.shuffle(using: &random)
            if random.next() % 4 == 0, let first = known.first {
                // Overlapping ones tell nothing.
                known.append((first.range, ~first.crc))
            }
            try ZipChecksums.reseal(
                output, changed: patches.map { $0.0..<$0.0 + UInt64($0.1.count) }, known: known)
            #expect(try output.bytes(at: 0, count: bytes.count) == expected, "\(path)")
        }
    }
}
