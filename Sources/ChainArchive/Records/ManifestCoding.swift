import TensorCodecs
import FileSystem
import TensorFiles

/// Writes the structures manifests are made of. Integers are LEB128 varints unless said, strings UTF-8 behind their
/// byte count, lists behind their element count. `Docs/format.md` states every field.
struct ManifestWriter {
    var output = ByteWriter()

    mutating func integer(_ value: Int) { output.append(varint: UInt64(value)) }
    mutating func integer(_ value: UInt64) { output.append(varint: value) }
    mutating func byte(_ value: UInt8) { output.append(value) }
    mutating func text(_ value: String) { output.append(string: value) }
    mutating func hash(_ value: Hash128) {
        output.append(littleEndian: value.low)
        output.append(littleEndian: value.high)
    }
    /// Zigzag: small magnitudes of either sign are short.
    mutating func signed(_ value: Int64) { output.append(varint: UInt64(bitPattern: value &<< 1 ^ value >> 63)) }
    mutating func double(_ value: Double) { output.append(littleEndian: value.bitPattern) }

    /// A figure for people, rounded up so that a bound stays one.
    mutating func single(_ value: Double) {
        output.append(littleEndian: TensorStatistics.figure(value).bitPattern)
    }

    mutating func list<Element>(_ elements: [Element], _ write: (inout ManifestWriter, Element) -> Void) {
        integer(elements.count)
        for element in elements { write(&self, element) }
    }

    mutating func location(_ value: RecordLocation) {
        integer(value.part)
        integer(value.offset)
        integer(value.byteCount)
        output.append(littleEndian: value.checksum)
    }
}

/// Reads what `ManifestWriter` wrote, from bytes whose checksum has been compared. Counts and enums are checked all
/// the same: a checksum protects against damage, not against a hostile archive.
struct ManifestReader {
    var input: ByteReader
    /// What pieces may still take of all tensors together: few bytes of a manifest can ask for much.
    var pieces = PieceBudget(count: StepManifest.mostPieces)

    init(_ bytes: [UInt8]) { input = ByteReader(bytes) }

    mutating func unsigned() throws(CodecError) -> UInt64 { try input.readVarint() }

    /// A varint that must fit an `Int`.
    mutating func integer() throws(CodecError) -> Int {
        let value = try input.readVarint()
        guard value <= UInt64(Int.max) else { throw CodecError(.corrupt, "an integer is out of range") }
        return Int(value)
    }

    mutating func byte() throws(CodecError) -> UInt8 { try input.readByte() }
    mutating func text() throws(CodecError) -> String { try input.readString() }

    mutating func hash() throws(CodecError) -> Hash128 {
        let low = try input.read(littleEndian: UInt64.self)
        return Hash128(high: try input.read(littleEndian: UInt64.self), low: low)
    }

    mutating func signed() throws(CodecError) -> Int64 {
        let value = try input.readVarint()
        return Int64(bitPattern: value >> 1) ^ -Int64(value & 1)
    }

    mutating func double() throws(CodecError) -> Double {
        Double(bitPattern: try input.read(littleEndian: UInt64.self))
    }

    /// A figure for people, which takes four bytes.
    mutating func single() throws(CodecError) -> Double {
        Double(Float(bitPattern: try input.read(littleEndian: UInt32.self)))
    }

    /// A list; its count may not exceed the bytes left, so nothing is allocated on a made-up count.
    mutating func list<Element>(
        _ read: (inout ManifestReader) throws(CodecError) -> Element
    ) throws(CodecError) -> [Element] {
        let count = try integer()
        guard count <= input.remaining else { throw CodecError(.corrupt, "a list of \(count) elements does not fit") }
        var elements: [Element] = []
        for _ in 0..<count { elements.append(try read(&self)) }
        return elements
    }

    mutating func location(parts: [StepManifest.Part]) throws(CodecError) -> RecordLocation {
        let location = RecordLocation(
            part: try integer(), offset: try unsigned(), byteCount: try unsigned(),
            checksum: try input.read(littleEndian: UInt64.self))
        guard parts.indices.contains(location.part), location.offset <= parts[location.part].byteCount,
            location.byteCount <= parts[location.part].byteCount - location.offset
        else { throw CodecError(.corrupt, "a record lies outside of its part") }
        return location
    }
}
