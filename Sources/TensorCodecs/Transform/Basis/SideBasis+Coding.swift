extension SideBasis {
    /// Bit-exact state, for a cache that vouches for its bytes.
    package func serialise(into writer: inout ByteWriter) {
        writer.append(varint: size)
        writer.append(side.rawValue)
        switch kind {
        case .identity: writer.append(varint: 0)
        case .full: writer.append(varint: 1)
        case .tracked(let directions): writer.append(varint: 1 + directions)
        }
        writer.append(isOpen ? 1 : 0)
        switch stored {
        case .closed: break
        case .full(let basis): basis.serialise(into: &writer)
        case .tracked(let basis): basis.serialise(into: &writer)
        }
    }

    /// What `serialise` wrote.
    /// - Throws: `.corrupt` for anything it cannot have written.
    package init(from reader: inout ByteReader) throws(CodecError) {
        let size = try reader.readCount(upTo: Int(Int32.max), "size of a basis")
        guard let side = Side(rawValue: try reader.readByte()) else { throw reader.corrupt("no side of a matrix") }
        let code = try reader.readCount(upTo: Int(Int32.max), "kind of a basis")
        let kind: Kind = code == 0 ? .identity : code == 1 ? .full : .tracked(directions: code - 1)
        let open = try reader.readByte()
        guard open <= 1, open == 0 || (kind != .identity && size > 0) else {
            throw reader.corrupt("no state of a basis")
        }
        var state = State.closed
        if open == 1 {
            if case .tracked(let directions) = kind {
                guard directions <= size else { throw reader.corrupt("\(directions) of \(size) directions") }
                state = .tracked(try TrackedBasis(from: &reader, size: size, directions: directions))
            } else {
                state = .full(try FullBasis(from: &reader, size: size))
            }
        }
        self.init(size: size, kind: kind, side: side, state: state)
    }
}
