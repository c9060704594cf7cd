import TensorCodecs

/// The end of a state file: whose it is, under which keys its values lie, and the hashes of their blocks.
struct StateIndex: Sendable {
    /// Some bytes of a value, under a key.
    struct KeyedBytes: Sendable {
        var key: ScratchStore.Key
        var value: Int
        var range: Range<Int>
    }

    /// Values are checked block by block, each value from its beginning on.
    static let block = 64 << 10

    var mark: StateMark
    var contents: ScratchStore.Contents
    /// Bytes of each value. They lie one behind the other.
    private(set) var byteCounts: [Int] = []
    var entries: [KeyedBytes] = []
    /// Of all blocks of the first value, then of the second, and so on.
    private(set) var hashes: [Hash128] = []
    /// Where each value begins, counted from the first one, and where its hashes do.
    private(set) var offsets: [UInt64] = []
    private(set) var firstBlocks: [Int] = []
    /// Of all values.
    private(set) var end: UInt64 = 0

    init(_ mark: StateMark, _ contents: ScratchStore.Contents) {
        self.mark = mark
        self.contents = contents
    }

    static func blockCount(_ byteCount: Int) -> Int { (byteCount + block - 1) / block }

    /// Adds a value behind the others. Its hashes are added one by one.
    mutating func add(byteCount: Int) {
        offsets.append(end)
        firstBlocks.append(byteCounts.isEmpty ? 0 : (firstBlocks.last ?? 0) + Self.blockCount(byteCounts.last ?? 0))
        byteCounts.append(byteCount)
        end += UInt64(byteCount)
    }

    mutating func add(_ hash: Hash128) { hashes.append(hash) }

    // MARK: Bytes

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.append(string: mark.program)
        writer.append(varint: mark.step)
        for hash in [mark.archive, mark.manifest, mark.weights] { writer.append(hash) }
        writer.append(contents == .everything ? 1 : 0)
        writer.append(varint: byteCounts.count)
        for count in byteCounts { writer.append(varint: count) }
        writer.append(varint: entries.count)
        for entry in entries {
            writer.append(contentsOf: entry.key.encoded)
            writer.append(varint: entry.value)
            writer.append(varint: entry.range.lowerBound)
            writer.append(varint: entry.range.count)
        }
        for hash in hashes { writer.append(hash) }
        return writer.bytes
    }

    /// - Parameter room: bytes of the file before the index.
    init(decoding bytes: [UInt8], room: UInt64) throws(CodecError) {
        var reader = ByteReader(bytes)
        let program = try reader.readString(), step = try reader.readCount()
        mark = StateMark(
            program: program, step: step, archive: try reader.readHash(), manifest: try reader.readHash(),
            weights: try reader.readHash())
        contents = try reader.readByte() == 1 ? .everything : .weights
        for _ in 0..<(try reader.readCount(upTo: reader.remaining, "values")) {
            let count = try reader.readCount(upTo: Int(clamping: room - end), "bytes of a value")
            add(byteCount: count)
        }
        for _ in 0..<(try reader.readCount(upTo: reader.remaining, "keys")) {
            let key = try ScratchStore.Key(from: &reader)
            guard byteCounts.count > 0 else { throw reader.corrupt("a key of no value") }
            let value = try reader.readCount(upTo: byteCounts.count - 1, "value")
            let start = try reader.readCount(upTo: byteCounts[value], "first byte")
            let count = try reader.readCount(upTo: byteCounts[value] - start, "bytes")
            entries.append(KeyedBytes(key: key, value: value, range: start..<start + count))
        }
        guard end == room else { throw reader.corrupt("values of \(end) bytes instead of \(room)") }
        while !reader.isAtEnd { hashes.append(try reader.readHash()) }
        guard hashes.count == byteCounts.reduce(0, { $0 + Self.blockCount($1) }) else {
            throw reader.corrupt("\(hashes.count) hashes")
        }
    }
}

extension ScratchStore.Key {
    /// As the index of a state file has it. Keys come in the order of these bytes.
    var encoded: [UInt8] {
        var writer = ByteWriter()
        switch self {
        case .tensor(let identity): writer.append(0, identity)
        case .earlier(let identity): writer.append(1, identity)
        case .state(let name):
            writer.append(2)
            writer.append(string: name)
        case .payload(let entry, let block):
            writer.append(3)
            writer.append(varint: entry)
            writer.append(varint: block)
        }
        return writer.bytes
    }

    fileprivate init(from reader: inout ByteReader) throws(CodecError) {
        switch try reader.readByte() {
        case 0: self = .tensor(try reader.readIdentity())
        case 1: self = .earlier(try reader.readIdentity())
        case 2: self = .state(try reader.readString())
        case 3: self = .payload(entry: try reader.readCount(), block: try reader.readCount())
        default: throw reader.corrupt("a key of an unknown kind")
        }
    }
}

extension ByteWriter {
    fileprivate mutating func append(_ kind: UInt8, _ identity: TensorIdentity) {
        append(kind)
        append(identity.role.rawValue)
        append(string: identity.name)
        append(string: identity.key)
    }

    mutating func append(_ hash: Hash128) {
        append(littleEndian: hash.low)
        append(littleEndian: hash.high)
    }
}

extension ByteReader {
    fileprivate mutating func readIdentity() throws(CodecError) -> TensorIdentity {
        guard let role = Role(rawValue: try readByte()) else { throw corrupt("a role that does not exist") }
        return TensorIdentity(name: try readString(), role: role, key: try readString())
    }

    mutating func readHash() throws(CodecError) -> Hash128 {
        let low = try read(littleEndian: UInt64.self)
        return Hash128(high: try read(littleEndian: UInt64.self), low: low)
    }
}
