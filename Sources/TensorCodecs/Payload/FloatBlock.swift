/// A payload block as floats and the rest:
///
/// | field | type |
/// |---|---|
/// | runs | varint count, 1 or more; for each: varint bytes since the end of the one before (or the block's begin), u8 `FloatFormat`, varint rows of 256 elements, 1 or more |
/// | rest | varint size, one zstd frame of the bytes outside of runs; size 0: the bytes themselves; nothing at all where there are none |
/// | pack | to the end: a `LosslessGroup` of the runs, each rows x 256; the prefix, where it is as long as the block,
/// is their predecessor |
enum FloatBlock {
    /// `nil` where no floats are found.
    static func encode(
        _ block: UnsafeRawBufferPointer, prefix: UnsafeRawBufferPointer?
    ) throws(CodecError) -> [UInt8]? {
        let runs = FloatRuns.find(block)
        guard !runs.isEmpty else { return nil }
        let old = prefix?.count == block.count ? prefix : nil
        var writer = ByteWriter()
        writer.append(varint: runs.count)
        var position = 0
        var rest: [UInt8] = []
        var tensors: [LosslessTensor] = []
        for run in runs {
            writer.append(varint: run.start - position)
            writer.append(run.format.rawValue)
            writer.append(varint: run.count / FloatRuns.row)
            rest.append(contentsOf: block[position..<run.start])
            position = run.range.upperBound
            tensors.append(
                LosslessTensor(
                    kind: .other, format: .float(run.format), shape: [run.count / FloatRuns.row, FloatRuns.row],
                    bytes: Array(block[run.range]), previous: old.map { Array($0[run.range]) }))
        }
        rest.append(contentsOf: block[position...])
        if !rest.isEmpty {
            let frame = try Zstandard.compress(rest, level: 9)
            let isSmaller = frame.count < rest.count
            writer.append(varint: isSmaller ? frame.count : 0)
            writer.append(contentsOf: isSmaller ? frame : rest)
        }
        writer.append(contentsOf: try LosslessGroup.encode(tensors).bytes)
        return writer.bytes
    }

    /// - Throws: `.corrupt`.
    static func decode(
        _ reader: inout ByteReader, count: Int, prefix: UnsafeRawBufferPointer?
    ) throws(CodecError) -> [UInt8] {
        let old = prefix?.count == count ? prefix : nil
        var runs: [FloatRuns.Run] = []
        var position = 0, restCount = count
        for _ in 0..<(try reader.readCount(upTo: reader.remaining, "count of float runs")) {
            let start = position + (try reader.readCount(upTo: count - position, "position of a float run"))
            guard let format = FloatFormat(rawValue: try reader.readByte()) else {
                throw reader.corrupt("floats of an unknown kind")
            }
            let row = FloatRuns.row * format.elementSize
            let rows = try reader.readCount(upTo: (count - start) / row, "rows of a float run")
            guard rows > 0 else { throw reader.corrupt("a float run of nothing") }
            let run = FloatRuns.Run(start: start, format: format, count: rows * FloatRuns.row)
            runs.append(run)
            restCount -= run.byteCount
            position = run.range.upperBound
        }
        guard !runs.isEmpty else { throw reader.corrupt("a block of floats without floats") }
        var rest: [UInt8] = []
        if restCount > 0 {
            let size = try reader.readCount(upTo: reader.remaining, "size of bytes between floats")
            let stored = try reader.readBytes(size > 0 ? size : restCount)
            rest = size > 0 ? try Zstandard.decompress(Array(stored), count: restCount) : Array(stored)
        }
        let members = runs.map { run in
            LosslessGroup.Member(
                format: .float(run.format), shape: [run.count / FloatRuns.row, FloatRuns.row],
                previous: old.map { Array($0[run.range]) })
        }
        let tensors = try LosslessGroup.decode(try reader.readBytes(reader.remaining), members)
        var block: [UInt8] = []
        block.reserveCapacity(count)
        var used = 0
        for (run, tensor) in zip(runs, tensors) {
            let gap = run.start - block.count
            block.append(contentsOf: rest[used..<used + gap])
            used += gap
            block.append(contentsOf: tensor)
        }
        block.append(contentsOf: rest[used...])
        return block
    }
}
