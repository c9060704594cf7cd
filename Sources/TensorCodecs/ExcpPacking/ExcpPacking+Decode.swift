extension ExcpPacking {
    /// Reads a weights' section.
    /// - Parameter counts: elements of each tensor of the quantized group; the caller answers for their sum fitting in
    ///   memory.
    /// - Throws: `.corrupt`; nothing beyond twice the sum of `counts` is allocated before.
    package static func unpackWeights(_ bytes: ArraySlice<UInt8>, counts: [Int]) throws(CodecError) -> [ExcpRole] {
        let total = try sum(counts)
        var reader = ByteReader(bytes)
        guard !counts.isEmpty else {
            try reader.expectEnd()
            return []
        }
        let codebooks = try CodebookBlockDecoder.read(sizeLimits: counts, from: &reader)
        let indices = try IndexStreamDecoder.read(total, alphabet: alphabet(codebooks), from: &reader)
        try reader.expectEnd()
        return try split(indices, counts, codebooks)
    }

    package static func unpackWeights(_ bytes: [UInt8], counts: [Int]) throws(CodecError) -> [ExcpRole] {
        try unpackWeights(bytes[...], counts: counts)
    }

    /// Reads a moments' section.
    /// - Parameters:
    ///   - weights: the quantized group's weights as `unpackWeights` gave them.
    ///   - roles: which moments each tensor has.
    /// - Throws: `.corrupt`, also where the section does not belong to these weights.
    package static func unpackMoments(
        _ bytes: ArraySlice<UInt8>, weights: [ExcpRole], roles: [MomentRoles]
    ) throws(CodecError) -> [Moments] {
        guard weights.count == roles.count, roles.allSatisfy({ $0.first || !$0.second }) else {
            throw CodecError(.invalidArgument, "a second moment without a first, or roles of another quantized group")
        }
        var result = [Moments](repeating: Moments(), count: weights.count)
        var reader = ByteReader(bytes)
        let holders = roles.indices.filter { roles[$0].first }
        guard !holders.isEmpty else {
            try reader.expectEnd()
            return result
        }
        let flag = try reader.readByte()
        guard flag <= 1 else { throw reader.corrupt("unknown layout \(flag) of moments") }
        let seconds = holders.filter { roles[$0].second }
        let kept = holders.map { weights[$0].keptCount }
        let keptOfSeconds = zip(holders, kept).filter { roles[$0.0].second }.map(\.1)
        let codebooks = try CodebookBlockDecoder.read(sizeLimits: kept + keptOfSeconds, from: &reader)
        let firstBooks = Array(codebooks.prefix(holders.count))
        let secondBooks = Array(codebooks.dropFirst(holders.count))

        let values =
            try flag == 1
            ? readPairs(try sum(kept), firstBooks, secondBooks, &reader)
            : readSeparate(kept, firstBooks, secondBooks, holders.map { roles[$0].second }, &reader)
        try reader.expectEnd()

        let firsts = try split(values.first, kept, firstBooks)
        for (holder, role) in zip(holders, firsts) {
            result[holder].first = scattered(role, to: weights[holder].indices)
        }
        if !seconds.isEmpty {
            let positions = seconds.map { result[$0].first?.keptCount ?? 0 }
            for (holder, role) in zip(seconds, try split(values.second, positions, secondBooks)) {
                result[holder].second = scattered(role, to: result[holder].first?.indices ?? [])
            }
        }
        return result
    }

    package static func unpackMoments(
        _ bytes: [UInt8], weights: [ExcpRole], roles: [MomentRoles]
    ) throws(CodecError) -> [Moments] {
        try unpackMoments(bytes[...], weights: weights, roles: roles)
    }

    /// First moments' indices over the kept weights and second moments' over the kept first ones, from pairs.
    private static func readPairs(
        _ total: Int, _ firstBooks: [[Float]], _ secondBooks: [[Float]], _ reader: inout ByteReader
    ) throws(CodecError) -> (first: [UInt8], second: [UInt8]) {
        let (first, second) = (alphabet(firstBooks), alphabet(secondBooks))
        guard firstBooks.count == secondBooks.count, canPair(first: first, second: second) else {
            throw reader.corrupt("paired moments whose alphabets leave no room")
        }
        var pairs = try IndexStreamDecoder.read(total, alphabet: first * second, from: &reader)
        let highs = (0..<256).map { $0 == 0 ? 0 : UInt8(($0 - 1) / second + 1) }
        let lows = (0..<256).map { UInt8(($0 + second - 1) % second + 1) }
        let count = pairs.withUnsafeBufferPointer { IndexScan.nonzeroCount($0) }
        // One element more, for the value after the last one.
        let seconds = [UInt8](unsafeUninitializedCapacity: count + 1) { output, filled in
            pairs.withUnsafeMutableBufferPointer { pairs in
                var next = 0
                for i in 0..<pairs.count {
                    let pair = pairs[i]
                    output[next] = lows[Int(pair)]
                    pairs[i] = highs[Int(pair)]
                    next &+= IndexScan.isNonzero(pair)
                }
            }
            filled = count
        }
        return (pairs, seconds)
    }

    /// The same from two streams.
    private static func readSeparate(
        _ kept: [Int], _ firstBooks: [[Float]], _ secondBooks: [[Float]], _ hasSecond: [Bool],
        _ reader: inout ByteReader
    ) throws(CodecError) -> (first: [UInt8], second: [UInt8]) {
        let firsts = try IndexStreamDecoder.read(try sum(kept), alphabet: alphabet(firstBooks), from: &reader)
        var positions = 0
        var start = 0
        for (count, second) in zip(kept, hasSecond) {
            if second {
                positions += firsts[start..<start + count].withUnsafeBufferPointer { IndexScan.nonzeroCount($0) }
            }
            start += count
        }
        let seconds = try ValueStream.read(positions, bound: alphabet(secondBooks), from: &reader)
        return (firsts, seconds.map { $0 + 1 })
    }

    /// The largest codebook's size; 1 where all are empty.
    private static func alphabet(_ codebooks: [[Float]]) -> Int {
        max(codebooks.map(\.count).max() ?? 0, 1)
    }

    private static func sum(_ counts: [Int]) throws(CodecError) -> Int {
        var total = 0
        for count in counts {
            let (next, overflow) = total.addingReportingOverflow(count)
            guard count >= 0, !overflow, next < 1 << 32 else {
                throw CodecError(.invalidArgument, "a quantized group of 2^32 elements or more")
            }
            total = next
        }
        return total
    }

    /// One role per tensor; every index is checked against its tensor's codebook.
    private static func split(
        _ indices: [UInt8], _ counts: [Int], _ codebooks: [[Float]]
    ) throws(CodecError) -> [ExcpRole] {
        var roles: [ExcpRole] = []
        var start = 0
        for (count, codebook) in zip(counts, codebooks) {
            let piece = count == indices.count ? indices : Array(indices[start..<start + count])
            guard piece.withUnsafeBufferPointer({ IndexScan.largest($0) }) <= codebook.count else {
                throw .corrupt("an index beyond its codebook of \(codebook.count)")
            }
            roles.append(ExcpRole(codebook: codebook, indices: piece))
            start += count
        }
        return roles
    }

    /// `role`'s indices, one per nonzero element of `mask`, put there.
    private static func scattered(_ role: ExcpRole, to mask: [UInt8]) -> ExcpRole {
        ExcpRole(codebook: role.codebook, indices: KeptValues.scattered(role.indices, to: mask))
    }
}
