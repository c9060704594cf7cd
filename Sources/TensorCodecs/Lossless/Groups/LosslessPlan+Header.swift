extension LosslessPlan {
    private static let depthShift: UInt8 = 3
    private static let mapFlag: UInt8 = 1 << 5
    private static let matrixFlag: UInt8 = 1 << 6

    func writeHeader(to writer: inout ByteWriter) {
        let isMatrix = isResidual && !scale.columns.isEmpty
        writer.append(
            mode.rawValue | UInt8(depth) << Self.depthShift | (changed == nil ? 0 : Self.mapFlag)
                | (isMatrix ? Self.matrixFlag : 0))
        switch mode {
        case .planes, .bytes:
            writer.append(varint: planes.count)
            writer.append(contentsOf: planes)
        case .values:
            if depth > 0 { writer.append(littleEndian: value.decay.bitPattern) }
            if depth > 1 { writer.append(littleEndian: value.drift.bitPattern) }
        case .secondMoment:
            writer.append(littleEndian: second.deviation)
            if depth > 0 {
                writer.append(littleEndian: second.decay.bitPattern)
                writer.append(littleEndian: Int16(second.alpha))
            }
        case .firstMoment, .rounded:
            writer.append(varint: companion ?? 0)
        }
    }

    /// Reads a header; exponents are still missing, `scale` has their number.
    /// - Throws: `.corrupt`.
    init(from reader: inout ByteReader, _ member: LosslessGroup.Member, index: Int) throws(CodecError) {
        let first = try reader.readByte()
        guard let mode = LosslessMode(rawValue: first & 7), first >> 7 == 0 else {
            throw reader.corrupt("a tensor coded in an unknown way")
        }
        self.init(mode)
        depth = Int(first >> Self.depthShift & 3)
        guard depth <= mode.deepest, depth < 1 || member.previous != nil,
            depth < 2 || member.earlier != nil
        else { throw reader.corrupt("a tensor that builds on \(depth) predecessors") }
        guard mode != .planes, mode != .bytes else {
            planes = try reader.readBytes(try reader.readCount(upTo: reader.remaining, "size of byte planes"))
            guard first & (Self.mapFlag | Self.matrixFlag) == 0 else { throw reader.corrupt("flags of byte planes") }
            return
        }
        guard case .float(let format) = member.format else { throw reader.corrupt("floats expected") }
        self.format = format
        count = member.byteCount / format.elementSize
        switch mode {
        case .values:
            value.depth = depth
            if depth > 0 { value.decay = Float(bitPattern: try reader.read(littleEndian: UInt32.self)) }
            if depth > 1 { value.drift = Float(bitPattern: try reader.read(littleEndian: UInt32.self)) }
        case .secondMoment:
            second.depth = depth
            second.deviation = try reader.read(littleEndian: Int16.self)
            guard -1000...1000 ~= second.deviation else { throw reader.corrupt("a deviation out of range") }
            if depth > 0 {
                second.decay = Float(bitPattern: try reader.read(littleEndian: UInt32.self))
                second.alpha = Int32(try reader.read(littleEndian: Int16.self))
                guard -4096...4096 ~= second.alpha else { throw reader.corrupt("a factor out of range") }
            }
        default:
            companion = try reader.readCount(upTo: max(index - 1, 0), "position of a companion")
        }
        guard isResidual else {
            guard first & (Self.mapFlag | Self.matrixFlag) == 0 else {
                throw reader.corrupt("flags of a rounded tensor")
            }
            return
        }
        if first & Self.mapFlag != 0 {
            guard mode == .values, depth > 0, format != .f64, count <= Int(Int32.max) else {
                throw reader.corrupt("changes against nothing")
            }
            changed = []
        }
        let form = MatrixForm(member.shape)
        if first & Self.matrixFlag != 0 {
            guard !form.isVector, form.count == count else { throw reader.corrupt("a vector with rows and columns") }
            scale = LogScale(
                rows: [Int16](repeating: 0, count: form.rows), columns: [Int16](repeating: 0, count: form.columns))
        } else {
            scale = LogScale(rows: [0], columns: [])
        }
    }

    /// Exponents as levels with their classes: rows and columns of each mode apart.
    func scaleLevels(_ levels: inout [Int32], _ classes: inout [UInt8]) {
        guard isResidual else { return }
        for (side, exponents) in [scale.rows, scale.columns].enumerated() {
            var last: Int32 = 0
            for exponent in exponents {
                levels.append(Int32(exponent) - last)
                last = Int32(exponent)
            }
            classes.append(contentsOf: repeatElement(mode.rawValue * 2 + UInt8(side), count: exponents.count))
        }
    }

    /// Takes its exponents from what `scaleLevels` made.
    /// - Throws: `.corrupt`.
    mutating func takeScale(_ levels: ArraySlice<Int32>) throws(CodecError) {
        let rows = levels.prefix(scale.rows.count), columns = levels.dropFirst(scale.rows.count)
        scale = LogScale(rows: try Self.sums(rows), columns: try Self.sums(columns))
    }

    private static func sums(_ levels: ArraySlice<Int32>) throws(CodecError) -> [Int16] {
        var last: Int32 = 0
        var result: [Int16] = []
        result.reserveCapacity(levels.count)
        for level in levels {
            last &+= level
            guard -2048...2048 ~= last else { throw .corrupt("an exponent of a scale out of range") }
            result.append(Int16(last))
        }
        return result
    }
}
