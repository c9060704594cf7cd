import Testing
import VarveTestSupport

@testable import TensorCodecs

@Suite struct ByteCodingTests {
    @Test func everythingWrittenReadsBack() throws {
        var writer = ByteWriter()
        let numbers: [UInt64] = [0, 1, 127, 128, 300, 1 << 32, 1 << 63, .max]
        for number in numbers { writer.append(varint: number) }
        writer.append(littleEndian: UInt32(0x0102_0304))
        writer.append(littleEndian: Int64(-5))
        writer.append(string: "größe")
        writer.append(string: "")
        writer.append(contentsOf: [1, 2, 3])
        writer.append(9)
        var reader = ByteReader(writer.bytes)
        for number in numbers { #expect(try reader.readVarint() == number) }
        #expect(try reader.read(littleEndian: UInt32.self) == 0x0102_0304)
        #expect(try reader.read(littleEndian: Int64.self) == -5)
        #expect(try reader.readString() == "größe")
        #expect(try reader.readString() == "")
        #expect(Array(try reader.readBytes(3)) == [1, 2, 3])
        #expect(try reader.readByte() == 9)
        #expect(reader.isAtEnd)
        try reader.expectEnd()
    }

    @Test func littleEndianComesLowByteFirst() {
        var writer = ByteWriter()
        writer.append(littleEndian: UInt32(0x0102_0304))
        #expect(writer.bytes == [4, 3, 2, 1])
    }

    @Test(
        arguments: [
            [0x80, 0x00], [0xff, 0x80, 0x00],  // longer than needed
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],  // above 64 bits
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x00],
            [0x80], [0xff, 0xff], [],  // cut off
        ] as [[UInt8]])
    func varintsOutOfFormAreRefused(bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        #expect(throws: CodecError.self) { try reader.readVarint() }
    }

    @Test func readsBeyondTheEndThrowWithTheirOffset() throws {
        var reader = ByteReader([1, 2, 3], baseOffset: 100)
        _ = try reader.readByte()
        let error = #expect(throws: CodecError.self) { try reader.read(littleEndian: UInt32.self) }
        #expect(error?.offset == 101)
        #expect(throws: CodecError.self) { try reader.readBytes(3) }
        #expect(throws: CodecError.self) { try reader.readBytes(-1) }
        #expect(throws: CodecError.self) { try reader.expectEnd() }
        #expect(Array(try reader.readBytes(2)) == [2, 3])
        #expect(throws: CodecError.self) { try reader.readByte() }
    }

    @Test func absurdLengthsAreRefusedBeforeAnythingIsAllocated() {
        var writer = ByteWriter()
        writer.append(varint: UInt64.max)
        var reader = ByteReader(writer.bytes)
        #expect(throws: CodecError.self) { try reader.readCount() }
        var text = ByteReader(writer.bytes)
        #expect(throws: CodecError.self) { try text.readString() }
    }

    @Test func textThatIsNoUTF8IsRefused() {
        var reader = ByteReader([2, 0xc3, 0x28])
        #expect(throws: CodecError.self) { try reader.readString() }
    }

    @Test func aSliceReadsLikeItsBytes() throws {
        let bytes: [UInt8] = [0, 0, 0, 5, 6, 7, 8, 9]
        var reader = ByteReader(bytes[3..<7])
        #expect(reader.remaining == 4)
        #expect(try reader.read(littleEndian: UInt16.self) == 0x0605)
        #expect(reader.offset == 2)
        #expect(Array(try reader.readBytes(2)) == [7, 8])
        #expect(throws: CodecError.self) { try reader.readByte() }
    }

    @Test func bitsReadBackAndPaddingIsChecked() throws {
        var random = SplitMix64(seed: 3)
        var values: [(bits: Int, value: UInt32)] = []
        for _ in 0..<500 {
            let bits = Int(random.next() % 33)
            values.append((bits, UInt32(truncatingIfNeeded: random.next() & ((1 << UInt64(bits)) - 1))))
        }
        var writer = BitWriter()
        for entry in values { writer.append(entry.value, bits: entry.bits) }
        var bytes = writer.finish()
        var reader = BitReader(bytes[...])
        for entry in values { #expect(try reader.read(entry.bits) == entry.value) }
        try reader.expectEnd()
        bytes.append(0)
        var longer = BitReader(bytes[...])
        for entry in values { _ = try longer.read(entry.bits) }
        #expect(throws: CodecError.self) { try longer.expectEnd() }
    }
}
