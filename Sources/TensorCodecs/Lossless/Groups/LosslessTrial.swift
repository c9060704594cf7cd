/// Sizes of a sample of a tensor, coded in several ways: short runs from all over it.
struct LosslessTrial {
    private let tensor: LosslessTensor
    private let format: FloatFormat
    private let source: LosslessSource
    private let ranges: [Range<Int>]

    private static let runs = 8
    private static let runLength = 1 << 10
    /// Bytes of tables, which are shared with others, or weigh little in the whole.
    private static let tables = 100

    init(_ tensor: LosslessTensor, _ format: FloatFormat, companion: LosslessTensor?) {
        self.tensor = tensor
        self.format = format
        source = LosslessSource(tensor, companion: companion)
        let count = tensor.bytes.count / format.elementSize
        let length = Self.runLength
        if count <= Self.runs * length {
            ranges = [0..<count]
        } else {
            ranges = (0..<Self.runs).map { run in
                let start = (count - length) * run / (Self.runs - 1)
                return start..<start + length
            }
        }
    }

    /// Elements of the sample.
    var count: Int { ranges.reduce(0) { $0 + $1.count } }

    /// Bytes in byte planes, with or without the predecessor.
    func sizeInPlanes() throws(CodecError) -> Int {
        let size = format.elementSize
        func sample(_ bytes: [UInt8]) -> [UInt8] {
            ranges.flatMap { bytes[$0.lowerBound * size..<$0.upperBound * size] }
        }
        let bytes = sample(tensor.bytes)
        let alone = try ExactCodec.encode(bytes, elementSize: size, predecessor: nil).count
        guard let previous = tensor.previous else { return alone }
        return min(alone, try ExactCodec.encode(bytes, elementSize: size, predecessor: sample(previous)).count)
    }

    /// Bytes by a plan of the whole tensor.
    func size(of plan: LosslessPlan) throws(CodecError) -> Int {
        let staging = ResidualBlock(capacity: count), part = ResidualBlock()
        for range in ranges {
            for start in stride(from: range.lowerBound, to: range.upperBound, by: part.capacity) {
                let run = start..<min(start + part.capacity, range.upperBound)
                source.predict(plan, run, part)
                tensor.bytes.withUnsafeBytes { WordForm.words($0, format, run, to: part.words) }
                for from in 0..<run.count { staging.copy(from, of: part, to: staging.count + from) }
                staging.count += run.count
            }
        }
        var writer = ByteWriter()
        guard let changed = plan.changed else { return try size(staging, plan, &writer) }
        let inside = changedElements(changed)
        try ChangeMap.encode(inside.map { Int32($0) }, count: count, to: &writer)
        let block = ResidualBlock(capacity: max(inside.count, 1))
        for (to, from) in inside.enumerated() { block.copy(from, of: staging, to: to) }
        block.count = inside.count
        return try size(block, plan, &writer)
    }

    /// Positions in the sample of elements that changed.
    private func changedElements(_ changed: [Int32]) -> [Int] {
        var result: [Int] = [], next = 0, start = 0
        for range in ranges {
            while next < changed.count, Int(changed[next]) < range.lowerBound { next += 1 }
            while next < changed.count, Int(changed[next]) < range.upperBound {
                result.append(start + Int(changed[next]) - range.lowerBound)
                next += 1
            }
            start += range.count
        }
        return result
    }

    private func size(
        _ block: ResidualBlock, _ plan: LosslessPlan, _ writer: inout ByteWriter
    ) throws(CodecError) -> Int {
        let rule = LosslessMode.groups.first { $0.mode == plan.mode }?.rule ?? .byPrecision
        if block.count > 0 {
            let code = ResidualChunkWriter(capacity: block.count, block: block.count)
            ResidualKernel.encode(block, format, rule, to: code)
            code.endPiece()
            _ = try code.finish(to: &writer)
        }
        // A float64's low bits are incompressible, mostly.
        return max(writer.count - Self.tables, 0) + (format == .f64 ? count * WordForm.lowBits / 8 : 0)
    }
}
