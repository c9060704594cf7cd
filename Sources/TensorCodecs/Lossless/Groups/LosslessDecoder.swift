/// Reads a lossless group.
struct LosslessDecoder {
    private let members: [LosslessGroup.Member]
    private var plans: [LosslessPlan] = []
    private var results: [[UInt8]]

    init(_ members: [LosslessGroup.Member]) {
        self.members = members
        results = [[UInt8]](repeating: [], count: members.count)
    }

    /// Reads what the lossless group says of its tensors and checks the rules for it.
    /// - Throws: `.corrupt`, `.invalidArgument`.
    mutating func readHeaders(_ reader: inout ByteReader) throws(CodecError) {
        for member in members {
            for old in [member.previous, member.earlier] {
                guard old.map({ $0.count == member.byteCount }) ?? true else {
                    throw CodecError(.invalidArgument, "a predecessor of another length")
                }
            }
        }
        for (index, member) in members.enumerated() {
            plans.append(try LosslessPlan(from: &reader, member, index: index))
        }
        try checkCompanions()
    }

    mutating func decode(_ bytes: ArraySlice<UInt8>) throws(CodecError) -> [[UInt8]] {
        var reader = ByteReader(bytes)
        try readHeaders(&reader)
        try readScales(&reader)
        for index in plans.indices {
            if plans[index].changed != nil {
                plans[index].changed = try ChangeMap.decode(&reader, count: plans[index].count)
            }
            if plans[index].isResidual, plans[index].format == .f64 { try readLows(&reader, index) }
        }
        for (index, plan) in plans.enumerated() where plan.mode == .planes || plan.mode == .bytes {
            results[index] = try readBytes(plan, members[index])
        }
        for group in LosslessMode.groups { try read(group.mode, group.rule, &reader) }
        try reader.expectEnd()
        round()
        return results
    }

    private func readBytes(_ plan: LosslessPlan, _ member: LosslessGroup.Member) throws(CodecError) -> [UInt8] {
        let previous = plan.depth > 0 ? member.previous : nil
        guard plan.mode == .bytes else {
            return try ExactCodec.decode(
                Array(plan.planes), count: member.byteCount, elementSize: member.format.size, predecessor: previous)
        }
        guard member.format.size == 1 else { throw .corrupt("differences of bytes for larger elements") }
        return try ByteDifferences.decode(
            plan.planes, count: member.byteCount, previous: previous, isFloat: member.format == .smallFloat)
    }

    /// A companion has the size of what refers to it, comes before it, and refers to no other.
    private func checkCompanions() throws(CodecError) {
        for (index, plan) in plans.enumerated() {
            guard plan.mode == .firstMoment || plan.mode == .rounded else { continue }
            guard let companion = plan.companion, companion < index,
                case .float(let format) = members[companion].format,
                members[companion].byteCount / format.elementSize == plan.count
            else { throw .corrupt("a tensor whose companion is not there") }
            guard plans[companion].mode != .firstMoment, plans[companion].mode != .rounded else {
                throw .corrupt("a companion that has one itself")
            }
            guard plan.mode != .rounded || format == .f32 else { throw .corrupt("rounding of what is no float32") }
        }
    }

    /// Half-precision copies, once what they are made from is there.
    private mutating func round() {
        for (index, plan) in plans.enumerated() where plan.mode == .rounded {
            guard let companion = plan.companion else { continue }
            results[index] = plan.format.bytes(FloatFormat.f32.floats(results[companion]))
        }
    }

    private mutating func readScales(_ reader: inout ByteReader) throws(CodecError) {
        var none: [Int32] = [], classes: [UInt8] = []
        for plan in plans { plan.scaleLevels(&none, &classes) }
        let bytes = try reader.readBytes(try reader.readCount(upTo: reader.remaining, "size of scales"))
        let levels = try RansCoder.decode(Array(bytes), classes: classes)
        var position = 0
        for index in plans.indices where plans[index].isResidual {
            let count = plans[index].scale.rows.count + plans[index].scale.columns.count
            try plans[index].takeScale(levels[position..<position + count])
            position += count
            if plans[index].mode == .secondMoment { prepareLogMeans(index) }
        }
    }

    private mutating func prepareLogMeans(_ index: Int) {
        guard plans[index].depth > 0, let previous = members[index].previous else { return }
        let columns = plans[index].second.scale.columns.count
        let format = plans[index].format
        plans[index].second.previousMeans = previous.withUnsafeBytes {
            LogMeans(TensorWords($0, format), columns: columns)
        }
    }

    private mutating func readLows(_ reader: inout ByteReader, _ index: Int) throws(CodecError) {
        let coded = try reader.readBytes(try reader.readCount(upTo: reader.remaining, "size of low bits"))
        let count = plans[index].count
        let bytes = try ExactCodec.decode(Array(coded), count: count * 4, elementSize: 4, predecessor: nil)
        plans[index].lows = (0..<count).map { i in
            bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: i * 4, as: UInt32.self) }
        }
    }

    private mutating func read(
        _ mode: LosslessMode, _ rule: ResidualKernel.Classes, _ reader: inout ByteReader
    ) throws(CodecError) {
        // Elements that did not change are the predecessor's.
        for (index, plan) in plans.enumerated() where plan.mode == mode {
            results[index] =
                plan.changed == nil
                ? Self.room(members[index].byteCount) : members[index].previous ?? []
        }
        let slices = LosslessSlice.chunks(of: plans, mode)
        guard let first = slices.first else { return }
        // Two at a time, so that their levels can be unpacked side by side.
        let chunks = slices.prefix(2).map { _ in ResidualChunkReader(capacity: LosslessSlice.count(first)) }
        let block = ResidualBlock()
        for start in stride(from: 0, to: slices.count, by: chunks.count) {
            let pairs = Array(zip(chunks, slices[start...]))
            for (chunk, slices) in pairs {
                chunk.begin()
                for slice in slices {
                    let plan = plans[slice.tensor], source = source(slice.tensor)
                    for range in slice.blocks {
                        source.predict(plan, coded: range, block)
                        chunk.append(block, plan.format, rule)
                    }
                }
                try chunk.read(&reader)
            }
            try ResidualChunkReader.unpack(pairs.map(\.0))
            for (chunk, slices) in pairs { try restore(chunk, slices, block) }
        }
    }

    /// Bytes of which every one will be written before it is read: clearing them first takes time.
    private static func room(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { _, filled in filled = count }
    }

    private mutating func restore(
        _ chunk: ResidualChunkReader, _ slices: [LosslessSlice], _ block: ResidualBlock
    ) throws(CodecError) {
        var position = 0
        for slice in slices {
            for range in slice.blocks {
                try chunk.restore(position..<position + range.count, plans[slice.tensor].format, to: block)
                plans[slice.tensor].storeWords(range, from: block, to: &results[slice.tensor])
                position += range.count
            }
        }
        try chunk.finish()
    }

    private func source(_ index: Int) -> LosslessSource {
        var source = LosslessSource(previous: members[index].previous, earlier: members[index].earlier)
        if let companion = plans[index].companion, case .float(let format) = members[companion].format {
            source.companion = (results[companion], format)
        }
        return source
    }
}
