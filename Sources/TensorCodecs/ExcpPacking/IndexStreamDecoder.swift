/// Reads an `IndexStream` back.
enum IndexStreamDecoder {
    /// - Parameters:
    ///   - total: elements of the array; the caller has bounded it.
    ///   - alphabet: largest index possible, 0 to 255.
    /// - Returns: `total` indices, none above `alphabet`.
    /// - Throws: `.corrupt`: a run beyond the end, counts that do not fit, bits left over.
    static func read(_ total: Int, alphabet: Int, from reader: inout ByteReader) throws(CodecError) -> [UInt8] {
        let code = try reader.readByte()
        guard let kind = IndexStream.Kind(rawValue: code) else {
            throw reader.corrupt("unknown kind \(code) of an index stream")
        }
        switch kind {
        case .empty:
            return [UInt8](repeating: 0, count: total)
        case .dense:
            return try ValueStream.read(total, bound: alphabet + 1, from: &reader)
        case .joint, .split:
            let joint = kind == .joint
            guard alphabet > 0, !joint || RunTokens.canJoin(alphabet) else {
                throw reader.corrupt("tokens for an alphabet of \(alphabet)")
            }
            let shift = Int(try reader.readByte())
            guard shift <= RunTokens.shiftLimit else { throw reader.corrupt("runs shifted by \(shift)") }
            return try read(total, RunTokens(joint: joint, shift: shift, alphabet: alphabet), alphabet, &reader)
        }
    }

    private static func read(
        _ total: Int, _ design: RunTokens, _ alphabet: Int, _ reader: inout ByteReader
    ) throws(CodecError) -> [UInt8] {
        let kept = try reader.readCount(upTo: total, "number of values")
        // Every token stands for at least one element.
        let count = try reader.readCount(upTo: total, "number of tokens")
        guard count >= kept, kept > 0 else { throw reader.corrupt("\(count) tokens for \(kept) values") }
        let tokens = try ByteStream.read(count, from: &reader)
        guard tokens.withUnsafeBufferPointer({ IndexScan.largest($0) }) <= design.continuation else {
            throw reader.corrupt("a token of no class")
        }
        var lowBits = BitReader(try reader.readBytes((kept * design.shift + 7) / 8))
        let values = design.joint ? [] : try ValueStream.read(kept, bound: alphabet, from: &reader)
        guard tokens.last != design.continuation else { throw reader.corrupt("a run without a value") }

        var lows: [UInt32] = []
        if design.shift > 0 {
            lows.reserveCapacity(kept)
            for _ in 0..<kept { lows.append(try lowBits.read(design.shift)) }
        }
        try lowBits.expectEnd()
        var indices = [UInt8](repeating: 0, count: total)
        let found = indices.withUnsafeMutableBufferPointer { indices in
            tokens.withUnsafeBufferPointer { tokens in
                scatter(tokens, design, lows, values, kept: kept, in: indices)
            }
        }
        guard let found else { throw reader.corrupt("a value beyond the last element") }
        guard found == kept else { throw reader.corrupt("\(found) values, \(kept) were declared") }
        return indices
    }

    /// Puts values where the tokens say.
    /// - Parameters:
    ///   - lows: low bits of every run; none where runs are not shifted.
    ///   - values: of split tokens.
    /// - Returns: how many values there were; `nil` where one lies beyond the last element, or is one too many.
    private static func scatter(
        _ tokens: UnsafeBufferPointer<UInt8>, _ design: RunTokens, _ lows: [UInt32], _ values: [UInt8], kept: Int,
        in indices: UnsafeMutableBufferPointer<UInt8>
    ) -> Int? {
        let zeros = (0..<256).map { ($0 / design.width) << design.shift }
        let joint = (0..<256).map { UInt8($0 % design.width &+ 1) }
        var position = 0, found = 0
        for token in tokens {
            if token == design.continuation {
                position &+= design.stride
                guard position < indices.count else { return nil }
                continue
            }
            position &+= zeros[Int(token)]
            guard found < kept else { return nil }
            if !lows.isEmpty { position &+= Int(lows[found]) }
            guard position < indices.count else { return nil }
            indices[position] = design.joint ? joint[Int(token)] : values[found] &+ 1
            position &+= 1
            found &+= 1
        }
        return found
    }
}
