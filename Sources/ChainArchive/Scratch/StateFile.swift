import TensorCodecs
package import FileSystem

/// A file with the values of a `ScratchStore`, kept outside of the archive from one call to the next.
///
///     0   4  magic `VRVk`
///     4   2  version of this layout: a reader refuses any other
///     6   2  0
///     8   .  values, one behind the other, as the scratch file has them
///     .   .  index: `StateIndex`
///     .   8  offset of the index
///     .   8  bytes of the index
///     .  16  XXH3-128 of the index
///     .  16  XXH3-128 of the 8 bytes of the header and the 32 bytes before
///
/// It is no part of the archive's format, and nothing but a shorter way to what a replay gives: a program that finds
/// anything else than it expects does without. Bytes are compared with their hashes whenever they are read. What is not as it
/// should be is `.originalChanged`, as with any file of which the next step expects that it is what it was.
///
/// Safe from several threads.
package final class StateFile: Sendable {
    /// Whoever changes what a store keeps, or what its bytes mean, counts this up.
    static let version: UInt16 = 1
    static let headerSize = 8, trailerSize = 48

    private let file: InputFile
    let index: StateIndex

    package var mark: StateMark { index.mark }
    package var contents: ScratchStore.Contents { index.contents }
    package var byteCount: UInt64 { file.byteCount }

    static var header: [UInt8] {
        var writer = ByteWriter()
        writer.append(contentsOf: "VRVk".utf8)
        writer.append(littleEndian: version)
        writer.append(littleEndian: UInt16(0))
        return writer.bytes
    }

    /// What stands behind the index.
    static func trailer(index: [UInt8], at offset: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(littleEndian: offset)
        writer.append(littleEndian: UInt64(index.count))
        writer.append(Hash128(index))
        writer.append(Hash128(header + writer.bytes))
        return writer.bytes
    }

    /// Opens a file and reads its index.
    /// - Throws: `.notFound`; `.originalChanged` for anything but what `ScratchStore.save` wrote; what opening a file throws.
    package init(_ path: String) throws(VarveError) {
        file = try InputFile(path)
        let size = file.byteCount
        guard size >= UInt64(Self.headerSize + Self.trailerSize) else {
            throw Self.damaged("\(size) bytes are too few", path, 0)
        }
        let header = try file.bytes(at: 0, count: Self.headerSize)
        guard header == Self.header else {
            throw Self.damaged("it is no state file, or one of another version", path, 0)
        }
        let end = size - UInt64(Self.trailerSize)
        let trailer = try file.bytes(at: end, count: Self.trailerSize)
        do throws(CodecError) {
            var reader = ByteReader(trailer)
            let offset = try reader.read(littleEndian: UInt64.self), count = try reader.read(littleEndian: UInt64.self)
            let hash = try reader.readHash()
            guard try reader.readHash() == Hash128(header + trailer.prefix(32)), offset >= UInt64(Self.headerSize),
                offset <= end, count == end - offset
            else { throw reader.corrupt("the end does not match its checksum") }
            let bytes = try Self.bytes(of: file, at: offset, count: Int(clamping: count))
            guard Hash128(bytes) == hash else { throw .corrupt("the index does not match its checksum") }
            index = try StateIndex(decoding: bytes, room: offset - UInt64(Self.headerSize))
        } catch {
            throw Self.damaged("it is damaged", path, end, cause: error)
        }
    }

    private static func bytes(of file: InputFile, at offset: UInt64, count: Int) throws(CodecError) -> [UInt8] {
        do throws(VarveError) {
            return try file.bytesOnce(at: offset, count: count)
        } catch {
            throw .corrupt("\(error)")
        }
    }

    private static func damaged(
        _ message: String, _ path: String, _ offset: UInt64, cause: (any Error)? = nil
    ) -> VarveError {
        VarveError(.originalChanged, message, file: path, offset: offset, cause: cause)
    }

    // MARK: Values

    /// Reads a part of a value into memory, all blocks that it touches compared with their hashes.
    func read(_ value: Int, at start: Int, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        let size = StateIndex.block, end = start + buffer.count
        var position = start
        while position < end {
            let block = position / size, blockEnd = min((block + 1) * size, index.byteCounts[value])
            if position == block * size, end >= blockEnd {
                // As many whole blocks as there are, in one go.
                let whole = end == index.byteCounts[value] ? end : end / size * size
                let target = UnsafeMutableRawBufferPointer(rebasing: buffer[position - start..<whole - start])
                try fill(value, at: position, target)
                position = whole
            } else {
                let wanted = min(end, blockEnd)
                let target = UnsafeMutableRawBufferPointer(rebasing: buffer[position - start..<wanted - start])
                try copy(value, block * size..<blockEnd, from: position, target)
                position = wanted
            }
        }
    }

    /// Reads whole blocks.
    private func fill(
        _ value: Int, at start: Int, _ buffer: UnsafeMutableRawBufferPointer
    ) throws(VarveError) {
        let offset = UInt64(Self.headerSize) + index.offsets[value] + UInt64(start)
        do throws(VarveError) {
            try file.readOnce(at: offset, into: buffer)
        } catch {
            throw Self.damaged("it cannot be read any more", file.name, offset, cause: error)
        }
        let size = StateIndex.block
        var block = index.firstBlocks[value] + start / size
        for position in stride(from: 0, to: buffer.count, by: size) {
            let part = UnsafeRawBufferPointer(rebasing: buffer[position..<min(position + size, buffer.count)])
            guard Hash128(part) == index.hashes[block] else {
                throw Self.damaged(
                    "\(part.count) bytes do not match their checksum", file.name, offset + UInt64(position))
            }
            block += 1
        }
    }

    /// Copies some bytes of a block.
    private func copy(
        _ value: Int, _ block: Range<Int>, from position: Int, _ buffer: UnsafeMutableRawBufferPointer
    ) throws(VarveError) {
        let whole = UnsafeMutableRawBufferPointer.allocate(byteCount: block.count, alignment: 64)
        defer { whole.deallocate() }
        try fill(value, at: block.lowerBound, whole)
        let first = position - block.lowerBound
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: whole[first..<first + buffer.count]))
    }

    func prefetch(_ value: Int, _ part: Range<Int>) {
        let start = UInt64(Self.headerSize) + index.offsets[value]
        file.prefetch(start + UInt64(part.lowerBound)..<start + UInt64(part.upperBound))
    }
}

/// Some bytes of a value of a state file.
struct StateLocation: Sendable {
    let file: StateFile
    let value: Int
    let range: Range<Int>

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(VarveError) {
        try file.read(value, at: range.lowerBound + offset, into: buffer)
    }

    func prefetch(_ part: Range<Int>) {
        file.prefetch(value, range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound)
    }
}
