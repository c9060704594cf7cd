import Synchronization
package import FileSystem

/// Byte strings under keys in a file without a name: what a step restored, kept for the next step to build on.
///
/// `save` writes them into a file with a name, for the next process; a store that was opened from such a file is only read.
/// Safe from several threads.
package final class ScratchStore: Sendable {
    package enum Key: Sendable, Hashable {
        /// Restored bytes of a tensor.
        case tensor(TensorIdentity)
        /// Its bytes in the step before that.
        case earlier(TensorIdentity)
        /// State of the weight's chain (`TransformState`).
        case state(String)
        /// A payload block before compression.
        case payload(entry: Int, block: Int)
    }

    /// What the next step will build on.
    package enum Contents: Sendable, Hashable {
        /// Weights, what chains of method `transform` make of them, and exact tensors that no parameter claims.
        case weights
        /// All tensors that are exact, and weights of the step before as well.
        case everything
    }

    struct Slot: Hashable {
        var offset: UInt64
        var byteCount: Int

        var end: UInt64 { offset + UInt64(byteCount) }
    }

    enum Location {
        case slot(Slot)
        case original(OriginalLocation)
        case state(StateLocation)

        var byteCount: Int {
            switch self {
            case .slot(let slot): slot.byteCount
            case .original(let original): original.range.count
            case .state(let state): state.range.count
            }
        }
    }

    private struct State {
        var locations: [Key: Location] = [:]
        var end: UInt64 = 0
        /// All bytes, where they are kept in memory instead of a file.
        var memory: [UInt8]?
        /// A value could not be kept; then none is.
        var isBroken = false

        func inMemory(_ slot: Slot) -> ArraySlice<UInt8>? {
            memory?[Int(slot.offset)..<Int(slot.offset) + slot.byteCount]
        }
    }

    /// `nil` where everything is kept in memory, or in a state file.
    private let file: ScratchFile?
    /// The file that the values were kept in by a former process.
    private let stateFile: StateFile?
    private let isOptional: Bool
    /// Whether it will be saved: a later call may go on by other settings, so it has to hold what a replay would give.
    let isForSaving: Bool
    package let contents: Contents
    private let state = Mutex(State())

    /// - Parameters:
    ///   - directory: where the file takes its room; on the archive's file system, not in memory.
    ///   - isOptional: whether one can do without; where there is no room, the store then holds nothing.
    ///   - isForSaving: whether `save` may be called.
    package init(
        directory: String, contents: Contents = .weights, isOptional: Bool = false, isForSaving: Bool = false
    ) throws(VarveError) {
        self.isOptional = isOptional
        self.isForSaving = isForSaving
        self.contents = contents
        file = try ScratchFile(directory: directory)
        stateFile = nil
    }

    /// A store in memory, for work that must leave no trace.
    package init(inMemory contents: Contents) {
        (isOptional, isForSaving) = (false, false)
        self.contents = contents
        file = nil
        stateFile = nil
        state.withLock { $0.memory = [] }
    }

    /// The values that `save` left in a file. No more can be put.
    package init(_ stateFile: StateFile) {
        (isOptional, isForSaving) = (false, false)
        contents = stateFile.contents
        file = nil
        self.stateFile = stateFile
        state.withLock { state in
            for entry in stateFile.index.entries {
                state.locations[entry.key] = .state(
                    StateLocation(file: stateFile, value: entry.value, range: entry.range))
            }
        }
    }

    /// Whether the values are those of a former process.
    var isFromStateFile: Bool { stateFile != nil }

    /// Where every value is.
    var locations: [Key: Location] { state.withLock { $0.isBroken ? [:] : $0.locations } }

    package func put(_ key: Key, _ bytes: [UInt8]) throws(VarveError) {
        try bytes.withUnsafeBytesTyped { (bytes) throws(VarveError) in try put(key, bytes) }
    }

    package func put(_ key: Key, _ bytes: UnsafeRawBufferPointer) throws(VarveError) {
        do throws(VarveError) {
            try write(key, bytes)
        } catch {
            try giveUp(error)
        }
    }

    /// Does without all values, if one can.
    private func giveUp(_ error: VarveError) throws(VarveError) {
        guard isOptional, error.code != .interrupted else { throw error }
        state.withLock {
            $0.locations = [:]
            $0.isBroken = true
        }
    }

    /// Waits until the values are in the file. Only then `contains` is the last word on them.
    package func flush() throws(VarveError) {
        do throws(VarveError) { try file?.flush() } catch { try giveUp(error) }
    }

    /// Lets a key stand for the value of another one.
    package func put(_ key: Key, sameAs other: Key) {
        state.withLock { $0.locations[key] = $0.locations[other] }
    }

    /// Lets a key stand for some of the bytes of another one.
    func put(_ key: Key, partOf other: Key, _ range: Range<Int>) {
        state.withLock { state in
            guard case .slot(let slot) = state.locations[other], range.upperBound <= slot.byteCount else { return }
            state.locations[key] = .slot(Slot(offset: slot.offset + UInt64(range.lowerBound), byteCount: range.count))
        }
    }

    /// Keeps the location of a value instead of the value: writing an exact tensor once more would cost as much as
    /// compressing it.
    /// - Parameter hash: of the bytes; `get` refuses others.
    package func put(_ key: Key, original source: any ByteSource, _ range: Range<UInt64>, hash: Hash128) {
        put(key, .original(OriginalLocation(source: source, range: range, hash: hash)))
    }

    /// Lets a key stand for a value whose original's location another store keeps.
    /// - Returns: whether it does.
    package func put(_ key: Key, sameAs other: Key, in store: ScratchStore) -> Bool {
        guard let location = store.state.withLock({ $0.locations[other] }), case .original = location else {
            return false
        }
        put(key, location)
        return true
    }

    private func put(_ key: Key, _ location: Location) {
        state.withLock { if !$0.isBroken { $0.locations[key] = location } }
    }

    /// Forgets all values and takes new ones into the same file: what it has room for already is written faster than
    /// what is new.
    package func clear() {
        state.withLock {
            $0.locations = [:]
            $0.end = 0
            if $0.memory != nil { $0.memory = [] }
            $0.isBroken = false
        }
    }

    private func write(_ key: Key, _ bytes: UnsafeRawBufferPointer) throws(VarveError) {
        precondition(!isFromStateFile, "a state file is only read")
        let slot: Slot? = state.withLock { state in
            let slot = Slot(offset: state.end, byteCount: bytes.count)
            guard state.memory != nil else {
                let alignment = ScratchFile.alignment
                state.end += (UInt64(bytes.count) + alignment - 1) / alignment * alignment
                return slot
            }
            state.end += UInt64(bytes.count)
            state.memory?.append(contentsOf: bytes)
            state.locations[key] = .slot(slot)
            return nil
        }
        guard let slot else { return }
        try file?.write(bytes, at: slot.offset)
        put(key, .slot(slot))
    }

    package func get(_ key: Key) throws(VarveError) -> [UInt8]? {
        let (location, inMemory) = state.withLock { state -> (Location?, [UInt8]?) in
            let location = state.locations[key]
            guard case .slot(let slot) = location else { return (location, nil) }
            return (location, state.inMemory(slot).map { Array($0) })
        }
        let slot: Slot
        switch location {
        case nil: return nil
        case .original(let original): return try original.read()
        case .state(let state): return try get(key, 0..<state.range.count)
        case .slot(let found): slot = found
        }
        if let inMemory { return inMemory }
        var failure: VarveError?
        let bytes = [UInt8](unsafeUninitializedCapacity: slot.byteCount) { buffer, filled in
            do throws(VarveError) {
                try file?.read(
                    at: slot.offset,
                    into: UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[..<slot.byteCount]))
                filled = slot.byteCount
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    package func contains(_ key: Key) -> Bool { state.withLock { $0.locations[key] != nil } }

    /// Bytes of the value, without reading it.
    package func byteCount(_ key: Key) -> Int? { state.withLock { $0.locations[key]?.byteCount } }

    /// Says that a part of a value will be read.
    package func prefetch(_ key: Key, _ part: Range<Int>) {
        guard let location = state.withLock({ $0.locations[key] }), part.lowerBound >= 0,
            part.upperBound <= location.byteCount
        else { return }
        let (lower, upper) = (UInt64(part.lowerBound), UInt64(part.upperBound))
        switch location {
        case .slot(let slot): file?.prefetch(slot.offset + lower..<slot.offset + upper)
        case .original(let original):
            original.source.prefetch(original.range.lowerBound + lower..<original.range.lowerBound + upper)
        case .state(let state): state.prefetch(part)
        }
    }

    /// A part of a value, for sampling.
    package func read(_ key: Key, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) -> Bool
    {
        guard let location = state.withLock({ $0.locations[key] }), offset >= 0,
            buffer.count <= location.byteCount - offset
        else { return false }
        try read(location, at: offset, into: buffer)
        return true
    }

    /// A part of the value that is at a location.
    func read(
        _ location: Location, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws(VarveError) {
        let slot: Slot
        switch location {
        case .original(let original): return try original.read(at: offset, into: buffer)
        case .state(let state): return try state.read(at: offset, into: buffer)
        case .slot(let found): slot = found
        }
        let isCopied = state.withLock { state in
            guard let value = state.inMemory(slot) else { return false }
            buffer.copyBytes(from: value.dropFirst(offset).prefix(buffer.count))
            return true
        }
        if isCopied { return }
        try file?.read(at: slot.offset + UInt64(offset), into: buffer)
    }
}
