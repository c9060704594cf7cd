/// The header of a parameter: what one step adds to its chain besides levels and exponents.
package struct TransformHeader: Sendable, Hashable {
    package enum Kind: UInt8, Sendable, Hashable {
        /// The weight itself, in scaled coordinates; builds on nothing.
        case keyframe = 0
        /// Levels that add to the group's coefficients.
        case delta = 1
        /// The same with scales and grid made anew, and with bases that learn from what was decoded before, unless
        /// `keepsBases`: a group begins.
        case firstDelta = 2
        /// The weight has not moved further from its restored value: no levels.
        case hold = 3

        var isDelta: Bool { self == .delta || self == .firstDelta }
    }

    package var kind: Kind
    /// Exponent tensors that follow: 0, 1 (second moment), 2 (and amsgrad's maximum).
    package var exponentCount = 0
    /// log2 of the smoothed root mean square change, in 64ths of an octave; of the weight itself in a keyframe.
    package var level: Int32 = 0
    /// The grid: integers count 2^unit. Only in `keyframe` and `firstDelta`.
    package var unit: Int32 = 0
    /// How the bases are computed; only in the first `firstDelta` of a chain, where it is not the original rule.
    package var rule: BasisRule?
    /// Whether a group begins with the bases of the one before; only in `firstDelta`.
    package var keepsBases = false
    /// Grid units of the quantizer's step size.
    package var stepSize: Int64 = 0
    package var centroids = DeadZone.Centroids()
    /// Keyframes: the class offset of every tile.
    var offsets: [Int16] = []
    /// Deltas: how every tile's energies follow from what its bases predict.
    var energies: [TileEnergies.Header] = []
    /// The keyframe's first moment, which opens the bases.
    package var moment: Moment?
    /// Of what the restored weight lacks of the original; `nil` where it is not known: of what was taken
    /// again and had none.
    package var missing: StoredSketch?
    /// Of the original that the chain began with, where it begins: a keyframe's own, or the exact predecessor.
    package var origin: [Float]?
    /// Whether elements keep their bits.
    package var holdsElements = false

    /// Quantization of a keyframe's first moment.
    package struct Moment: Sendable, Hashable {
        package var unit: Int32 = 0
        package var stepSize: Int64 = 0
        package var centroids = DeadZone.Centroids()
        package init() {}
    }

    package init(_ kind: Kind) { self.kind = kind }

    package static let unitRange: ClosedRange<Int32> = -900...900
    package static let levelRange: ClosedRange<Int32> = -70_400...65_536
    static let largestStepSize: Int64 = 1 << 20

    var hasLevels: Bool { kind != .hold }
    var setsGrid: Bool { kind == .keyframe || kind == .firstDelta }

    func write(to writer: inout ByteWriter) {
        writer.append(
            kind.rawValue | UInt8(exponentCount) << 2 | (moment == nil && !keepsBases ? 0 : 16) | (rule == nil ? 0 : 32)
                | (missing == nil ? 0 : 64) | (holdsElements ? 128 : 0))
        writer.append(signed: Int(level))
        rule?.write(to: &writer)
        if let missing {
            writer.append(origin == nil ? 0 : 1)
            missing.write(to: &writer)
            for sum in origin ?? [] { writer.append(littleEndian: sum.bitPattern) }
        }
        guard hasLevels else { return }
        if setsGrid { writer.append(signed: Int(unit)) }
        writer.append(varint: Int(stepSize))
        for offset in centroids.offsets { writer.append(UInt8(bitPattern: offset)) }
        for offset in offsets { writer.append(signed: Int(offset)) }
        for tile in energies {
            writer.append(tile.rowSlope | tile.columnSlope << 4)
            writer.append(signed: Int(tile.rowShift))
            writer.append(signed: Int(tile.columnShift))
        }
        guard let moment else { return }
        writer.append(signed: Int(moment.unit))
        writer.append(varint: Int(moment.stepSize))
        for offset in moment.centroids.offsets { writer.append(UInt8(bitPattern: offset)) }
    }

    init(from reader: inout ByteReader, tiles: Int, elements: Int) throws(CodecError) {
        let first = try reader.readByte()
        guard let kind = Kind(rawValue: first & 3), first >> 2 & 3 <= 2 else {
            throw reader.corrupt("a parameter's header is of an unknown kind")
        }
        self.kind = kind
        exponentCount = Int(first >> 2 & 3)
        level = try reader.readSigned(in: Self.levelRange)
        if first & 16 != 0, kind != .keyframe {
            guard kind == .firstDelta, first & 32 == 0 else {
                throw reader.corrupt("a first moment outside of a keyframe")
            }
            keepsBases = true
        }
        if first & 32 != 0 {
            guard kind == .firstDelta else { throw reader.corrupt("a rule for bases outside of a group's first step") }
            rule = try BasisRule(from: &reader)
        }
        if first & 64 != 0 { try readSketches(from: &reader, elements: elements) }
        holdsElements = first & 128 != 0
        guard !holdsElements || kind.isDelta else { throw reader.corrupt("elements held outside of a change") }
        guard hasLevels else { return }
        if setsGrid { unit = try reader.readSigned(in: Self.unitRange) }
        stepSize = try reader.readStepSize()
        try centroids.read(from: &reader)
        for _ in 0..<(kind == .keyframe ? tiles : 0) { offsets.append(Int16(try reader.readSigned(in: -2000...2000))) }
        for _ in 0..<(kind == .keyframe ? 0 : tiles) {
            let slopes = try reader.readByte()
            energies.append(
                TileEnergies.Header(
                    rowSlope: slopes & 15, rowShift: Int16(try reader.readSigned(in: SideEnergies.shifts)),
                    columnSlope: slopes >> 4, columnShift: Int16(try reader.readSigned(in: SideEnergies.shifts))))
        }
        guard first & 16 != 0, kind == .keyframe else { return }
        var moment = Moment()
        moment.unit = try reader.readSigned(in: Self.unitRange)
        moment.stepSize = try reader.readStepSize()
        try moment.centroids.read(from: &reader)
        self.moment = moment
    }
}

extension TransformHeader {
    fileprivate mutating func readSketches(from reader: inout ByteReader, elements: Int) throws(CodecError) {
        let flags = try reader.readByte()
        guard flags < 2 else { throw reader.corrupt("a sketch of an unknown kind") }
        missing = try StoredSketch(from: &reader, elements: elements)
        guard flags == 1 else { return }
        var sums: [Float] = []
        for _ in 0..<ChangeSketch.bucketCount(elements) {
            sums.append(Float(bitPattern: try reader.read(littleEndian: UInt32.self)))
        }
        origin = sums
    }
}

extension DeadZone.Centroids {
    mutating func read(from reader: inout ByteReader) throws(CodecError) {
        for position in offsets.indices {
            offsets[position] = Int8(bitPattern: try reader.readByte())
            guard offsets[position] != .min else { throw reader.corrupt("a centroid out of range") }
        }
    }
}

extension ByteReader {
    mutating func readStepSize() throws(CodecError) -> Int64 {
        let stepSize = try readCount(upTo: Int(TransformHeader.largestStepSize), "step")
        guard stepSize > 0 else { throw corrupt("a step size of 0") }
        return Int64(stepSize)
    }

    /// A zigzag varint.
    mutating func readSigned(in range: ClosedRange<Int32>) throws(CodecError) -> Int32 {
        let value = try readVarint()
        let signed = Int64(bitPattern: value >> 1) ^ -Int64(value & 1)
        guard let result = Int32(exactly: signed), range.contains(result) else {
            throw corrupt("\(signed) is out of range")
        }
        return result
    }
}

extension ByteWriter {
    /// A zigzag varint: small magnitudes of either sign are short.
    mutating func append(signed value: Int) {
        append(varint: UInt64(bitPattern: Int64(value) &<< 1 ^ Int64(value) >> 63))
    }
}
