/// A linear sketch of a tensor: its elements, each with a random sign, summed up in a few buckets.
///
/// Sketches of two tensors subtract, so an archive that keeps the sketch of what a restored weight lacks of its original
/// can tell how far the next step's original is from this one's, although neither is there any more. The sum of the
/// buckets' squares is an unbiased estimate of the tensor's energy, however it is spread over the elements; its relative
/// standard deviation is sqrt(2 / buckets) at most. Source: Alon, Matias and Szegedy 1996; buckets by Thorup and Zhang
/// 2004.
package struct ChangeSketch: Sendable, Equatable {
    package internal(set) var sums: [Double]

    /// Buckets of a tensor: a power of two, about one for every 2048 elements. A tensor of very few elements has one for each.
    package static func bucketCount(_ elements: Int) -> Int {
        guard elements > smallest else { return max(0, elements) }
        let least = elements < elementsToABucket ? smallest : 2 * smallest
        let wanted = max(least, min(largest, elements / elementsToABucket))
        return 1 << (Int.bitWidth - 1 - wanted.leadingZeroBitCount)
    }

    private static let smallest = 16
    private static let largest = 256
    private static let elementsToABucket = 2048

    init(sums: [Double]) { self.sums = sums }

    /// Of a tensor's stored values, less those of `other` if there is one.
    package init(_ bytes: [UInt8], less other: [UInt8]? = nil, _ format: FloatFormat) {
        let count = bytes.count / format.elementSize, buckets = Self.bucketCount(count)
        sums = [Double](repeating: 0, count: buckets)
        guard buckets > 0 else { return }
        guard count > Self.smallest else {
            sums = Self.differences(bytes, other, format)
            return
        }
        var line = [Double](repeating: 0, count: buckets), before = line
        var block: UInt64 = 0
        for start in stride(from: 0, to: count, by: buckets) {
            let width = min(buckets, count - start)
            Self.load(bytes, other, format, from: start, width, &line, &before)
            add(line, width, block: block)
            block += 1
        }
    }

    private static func differences(_ bytes: [UInt8], _ other: [UInt8]?, _ format: FloatFormat) -> [Double] {
        let count = bytes.count / format.elementSize
        var line = [Double](repeating: 0, count: count), before = line
        load(bytes, other, format, from: 0, count, &line, &before)
        return line
    }

    @inline(__always)
    private static func load(
        _ bytes: [UInt8], _ other: [UInt8]?, _ format: FloatFormat, from start: Int, _ width: Int,
        _ line: inout [Double], _ before: inout [Double]
    ) {
        line.withUnsafeMutableBufferPointer { line in
            let line = UnsafeMutableBufferPointer(rebasing: line[..<width])
            bytes.withUnsafeBytes { format.load($0, from: start, into: line) }
            guard let other else { return }
            before.withUnsafeMutableBufferPointer { before in
                let before = UnsafeMutableBufferPointer(rebasing: before[..<width])
                other.withUnsafeBytes { format.load($0, from: start, into: before) }
                for index in 0..<width { line[index] -= before[index] }
            }
        }
    }

    /// Adds a block of as many elements as there are buckets, or the tensor's last ones.
    ///
    /// Element i of block b goes to bucket (i + turn) mod buckets, with the sign of bit i: turn and bits follow from b, so
    /// that neither rows nor columns of a matrix meet in one bucket.
    @inline(__always)
    private mutating func add(_ line: [Double], _ width: Int, block: UInt64) {
        let mask = sums.count - 1
        let turn = Int(truncatingIfNeeded: Self.mixed(block &* 8 &+ 7) >> 17) & mask
        sums.withUnsafeMutableBufferPointer { sums in
            line.withUnsafeBufferPointer { line in
                var start = 0, word: UInt64 = 0
                while start < width {
                    let signs = Self.mixed(block &* 8 &+ word)
                    let end = min(width, start &+ 64)
                    for index in start..<end {
                        let sign = (signs >> UInt64(index &- start)) << 63
                        let value = Double(bitPattern: line[index].bitPattern ^ sign)
                        sums[(index &+ turn) & mask] += value
                    }
                    (start, word) = (end, word &+ 1)
                }
            }
        }
    }

    /// A well mixed word of a counter (SplitMix64).
    private static func mixed(_ counter: UInt64) -> UInt64 {
        var z = (counter &+ 1) &* 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// An estimate of the sum of squares of the sketched tensor.
    package var energy: Double { sums.reduce(0) { $0 + $1 * $1 } }

    package static func - (left: ChangeSketch, right: ChangeSketch) -> ChangeSketch {
        ChangeSketch(sums: zip(left.sums, right.sums).map { $0 - $1 })
    }

    static func + (left: ChangeSketch, right: ChangeSketch) -> ChangeSketch {
        ChangeSketch(sums: zip(left.sums, right.sums).map { $0 + $1 })
    }

    /// Whether no sum is larger.
    func isWithin(_ limit: Double) -> Bool { sums.allSatisfy { $0.magnitude <= limit } }

    /// An estimate of the sum of products of two sketched tensors.
    func product(_ other: ChangeSketch) -> Double { zip(sums, other.sums).reduce(0) { $0 + $1.0 * $1.1 } }
}

/// A sketch as archives keep it: a small integer for each bucket, in units of a power of two.
package struct StoredSketch: Sendable, Hashable {
    package var unit: Int32 = 0
    package var values: [Int32] = []

    /// How finely a sketch is kept: bits of a bucket's usual size. Behind a keyframe changes may be far smaller than its
    /// errors, between deltas they are of one kind.
    enum Precision: Int { case delta = 5, keyframe = 12 }

    /// - Parameter given: a kept sketch that `sketch` follows from. Units are then twice its own at least, so that however
    ///   often one followed from another no sum is off by more than a unit.
    init(_ sketch: ChangeSketch, _ precision: Precision, from given: StoredSketch? = nil) {
        let usual = (sketch.energy / Double(max(1, sketch.sums.count))).squareRoot()
        values = [Int32](repeating: 0, count: sketch.sums.count)
        guard usual > 0, usual.isFinite else { return }
        let range = TransformHeader.unitRange
        var lowest = Int(range.lowerBound)
        if let given, given.resolution > 0 { lowest = min(Int(given.unit) + 1, Int(range.upperBound)) }
        let exponent = max(lowest, PowerTable.exponent(usual) - precision.rawValue)
        unit = Int32(exponent)
        let scale = PowerTable.two(-exponent)
        for (index, sum) in sketch.sums.enumerated() {
            values[index] = Int32(max(-Self.largest, min(Self.largest, (sum * scale).rounded())))
        }
    }

    /// The sketch, as exactly as it was kept.
    package var sketch: ChangeSketch {
        let scale = PowerTable.two(Int(unit))
        return ChangeSketch(sums: values.map { Double($0) * scale })
    }

    /// Whether a change of this sketch is nothing but the rounding of what is kept.
    package func hides(_ change: ChangeSketch) -> Bool {
        change.isWithin(resolution / 2)
    }

    /// What one unit counts; 0 where nothing is lacking.
    var resolution: Double { values.allSatisfy { $0 == 0 } ? 0 : PowerTable.two(Int(unit)) }

    /// Whether a tensor of this sketch can be the one that was kept, in however many steps it followed from others.
    package func agrees(with found: ChangeSketch) -> Bool {
        guard found.sums.count == values.count else { return false }
        // Sums of large values are themselves rounded.
        let slack = resolution + found.energy.squareRoot() * 1e-9
        return zip(sketch.sums, found.sums).allSatisfy { ($0 - $1).magnitude <= slack }
    }

    private static let largest = 0x1p30

    func write(to writer: inout ByteWriter) {
        writer.append(signed: Int(unit))
        for value in values { writer.append(signed: Int(value)) }
    }

    init(from reader: inout ByteReader, elements: Int) throws(CodecError) {
        unit = try reader.readSigned(in: TransformHeader.unitRange)
        for _ in 0..<ChangeSketch.bucketCount(elements) {
            values.append(try reader.readSigned(in: -(1 << 30)...(1 << 30)))
        }
    }
}
