package import FileSystem

/// Keeping the values for a later process.
extension ScratchStore {
    /// Writes all values into a file under a temporary name, flushes it and gives it its own. What had that name stays until
    /// then.
    ///
    /// The same values make the same bytes, in whatever order they were put.
    /// - Returns: bytes of the file.
    /// - Throws: `.originalChanged` where a value that stands elsewhere is not any more what it was; `.interrupted`;
    ///   what reading and writing throw.
    @discardableResult
    package func save(_ mark: StateMark, to path: String) throws(VarveError) -> UInt64 {
        precondition(isForSaving, "it may hold less than a later call needs")
        try flush()
        let values = SavedValues(locations)
        guard !values.isEmpty else { throw VarveError(.inputOutput, "there is nothing to keep", file: path) }
        var index = StateIndex(mark, contents)
        for value in values.locations { index.add(byteCount: value.byteCount) }
        index.entries = values.entries
        let file = try OutputFile(path, byteCount: UInt64(StateFile.headerSize) + index.end)
        var writer = ValueWriter(file)
        try file.write(StateFile.header, at: 0)
        for location in values.locations { try write(location, by: &writer, hashing: &index) }
        let end = try writer.finish()
        let bytes = index.encoded()
        try file.write(bytes + StateFile.trailer(index: bytes, at: end), at: end)
        let size = file.byteCount
        try file.commit()
        try Directories.sync(Paths.split(path).directory)
        return size
    }

    private func write(
        _ location: Location, by writer: inout ValueWriter, hashing index: inout StateIndex
    ) throws(VarveError) {
        let whole = Hash128Stream()
        var position = 0
        while position < location.byteCount {
            if Task.isCancelled { throw VarveError(.interrupted, "interrupted") }
            let start = position
            position += try writer.add(upTo: location.byteCount - position) { (buffer) throws(VarveError) in
                try read(location, at: start, into: buffer)
                let buffer = UnsafeRawBufferPointer(buffer)
                for block in stride(from: 0, to: buffer.count, by: StateIndex.block) {
                    let end = min(block + StateIndex.block, buffer.count)
                    index.add(Hash128(UnsafeRawBufferPointer(rebasing: buffer[block..<end])))
                }
                if case .original = location { whole.add(buffer) }
            }
        }
        if case .original(let original) = location, whole.hash != original.hash { throw original.changed }
    }

    /// Bytes that the values take: in the store's own file, and where they stand elsewhere.
    package func byteCounts(where isCounted: (Key) -> Bool) -> (own: UInt64, elsewhere: UInt64) {
        var sum: (own: UInt64, elsewhere: UInt64) = (0, 0)
        for location in SavedValues(locations.filter { isCounted($0.key) }).locations {
            if case .slot(let slot) = location {
                sum.own += UInt64(slot.byteCount)
            } else {
                sum.elsewhere += UInt64(location.byteCount)
            }
        }
        return sum
    }
}

/// The values of a store, each once, in the order of their keys.
private struct SavedValues {
    private(set) var locations: [ScratchStore.Location] = []
    private(set) var entries: [StateIndex.KeyedBytes] = []

    var isEmpty: Bool { entries.isEmpty }

    /// Where the bytes of a value are that another key may have as well.
    private enum Place: Hashable {
        case slot(ScratchStore.Slot)
        case original(String, Range<UInt64>, Hash128)
    }

    init(_ found: [ScratchStore.Key: ScratchStore.Location]) {
        let wholes = Self.wholes(found.values)
        var known: [Place: Int] = [:]
        let keys = found.keys.map { (key: $0, bytes: $0.encoded) }
            .sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        for (key, _) in keys {
            guard let location = found[key] else { continue }
            let place: Place, value: ScratchStore.Location
            var start = 0
            switch location {
            case .slot(let slot):
                // Nothing lies in none, wherever it was put.
                let whole = slot.byteCount == 0 ? slot : wholes[slot] ?? slot
                (place, value, start) = (.slot(whole), .slot(whole), Int(slot.offset - whole.offset))
            case .original(let original):
                (place, value) = (.original(original.source.name, original.range, original.hash), location)
            case .state: continue
            }
            let number = known[place] ?? locations.count
            if number == locations.count {
                known[place] = number
                locations.append(value)
            }
            entries.append(.init(key: key, value: number, range: start..<start + location.byteCount))
        }
    }

    /// The slot in which each one lies: some keys stand for a part of another one's.
    private static func wholes(
        _ locations: some Sequence<ScratchStore.Location>
    ) -> [ScratchStore.Slot: ScratchStore.Slot] {
        var slots = Set<ScratchStore.Slot>()
        for case .slot(let slot) in locations where slot.byteCount > 0 { slots.insert(slot) }
        var wholes: [ScratchStore.Slot: ScratchStore.Slot] = [:], last: ScratchStore.Slot?
        for slot in slots.sorted(by: { ($0.offset, $1.byteCount) < ($1.offset, $0.byteCount) }) {
            if let whole = last, slot.offset >= whole.offset, slot.end <= whole.end {
                wholes[slot] = whole
            } else {
                wholes[slot] = slot
                last = slot
            }
        }
        return wholes
    }
}

/// Writes values one behind the other, many at a time.
private struct ValueWriter: ~Copyable {
    private let file: OutputFile
    private let buffer: UnsafeMutableRawBufferPointer
    private var filled = 0
    private var offset = UInt64(StateFile.headerSize)

    /// A whole number of blocks, with room for one.
    private static let size = 4 << 20

    init(_ file: OutputFile) {
        self.file = file
        buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.size, alignment: 4096)
    }

    deinit { buffer.deallocate() }

    /// Adds the next bytes of a value: all that are left, or a whole number of blocks.
    /// - Returns: how many.
    mutating func add(
        upTo left: Int, _ fill: (UnsafeMutableRawBufferPointer) throws(VarveError) -> Void
    ) throws(VarveError) -> Int {
        if Self.size - filled < min(left, StateIndex.block) { try flush() }
        let room = Self.size - filled
        let count = left <= room ? left : room / StateIndex.block * StateIndex.block
        try fill(UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<filled + count]))
        filled += count
        return count
    }

    private mutating func flush() throws(VarveError) {
        try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<filled]), at: offset)
        offset += UInt64(filled)
        filled = 0
    }

    /// - Returns: where the values end.
    mutating func finish() throws(VarveError) -> UInt64 {
        try flush()
        return offset
    }
}
