package import TensorFiles

/// Rebuilds one file of a step: payload into the gaps, tensors into their places, the container's checksums redone.
///
/// The file stays under its temporary name until `finish`.
package final class FileRebuilder: Sendable {
    package let entry: Entry
    private let file: OutputFile
    /// Tensors of this file by index in the manifest: their place.
    private let tensors: [Int: TensorRecord]

    /// Bytes of the file that are payload.
    package var payloadBytes: Int { entry.payload.reduce(0) { $0 + $1.plainCount } }

    /// Creates the file and writes its payload.
    package init(
        _ entryIndex: Int, of number: Int, to path: String, decoder: ChainDecoder
    ) throws(VarveError) {
        let manifest = try decoder.step(number).manifest
        let entry = manifest.entries[entryIndex]
        var places: [Int: TensorRecord] = [:]
        for (index, tensor) in manifest.tensors.enumerated() where tensor.entry == entryIndex { places[index] = tensor }
        let file = try OutputFile(path, byteCount: entry.byteCount)
        var gaps = Gaps(
            byteCount: entry.byteCount,
            regions: places.values.map { $0.fileOffset..<$0.fileOffset + UInt64($0.byteCount) })
        for block in entry.payload.indices {
            try gaps.fill(file, with: try decoder.payload(entry: entryIndex, block: block, of: number))
        }
        self.entry = entry
        self.file = file
        self.tensors = places
    }

    /// Writes a restored tensor of this file.
    package func write(_ tensor: RestoredTensor) throws(VarveError) {
        guard let record = tensors[tensor.index] else { return }
        try file.write(tensor.bytes, at: record.fileOffset)
    }

    /// Redoes checksums, gives the file its name, mode and time.
    package func finish() throws(VarveError) {
        let changed = tensors.values.filter { !$0.coding.isExact }
            .map { $0.fileOffset..<$0.fileOffset + UInt64($0.byteCount) }
            .sorted { $0.lowerBound < $1.lowerBound }
        if !changed.isEmpty { try ContainerSeal.reseal(file, changed: changed) }
        try file.commit(sync: false)
        try SystemCalls.setMode(file.path, entry.mode)
        try SystemCalls.setModificationTime(file.path, nanoseconds: entry.modified)
    }
}

/// The bytes of a file outside of some regions, filled in order.
package struct Gaps {
    private var ranges: [Range<UInt64>] = []
    private var current = 0

    /// - Parameter regions: disjoint, in any order.
    package init(byteCount: UInt64, regions: [Range<UInt64>]) {
        var position: UInt64 = 0
        for region in regions.sorted(by: { $0.lowerBound < $1.lowerBound }) where !region.isEmpty {
            if region.lowerBound > position { ranges.append(position..<region.lowerBound) }
            position = max(position, region.upperBound)
        }
        if position < byteCount { ranges.append(position..<byteCount) }
    }

    /// All gaps, in order.
    package var all: [Range<UInt64>] { ranges }

    package var byteCount: UInt64 { ranges.reduce(0) { $0 + UInt64($1.count) } }

    /// Writes the next bytes of the payload into the next gaps.
    package mutating func fill(_ file: OutputFile, with bytes: [UInt8]) throws(VarveError) {
        var position = 0
        while position < bytes.count, current < ranges.count {
            let count = min(bytes.count - position, ranges[current].count)
            let target = ranges[current].lowerBound, start = position
            try bytes.withUnsafeBytesTyped { (buffer) throws(VarveError) in
                try file.write(UnsafeRawBufferPointer(rebasing: buffer[start..<start + count]), at: target)
            }
            position += count
            ranges[current] = target + UInt64(count)..<ranges[current].upperBound
            if ranges[current].isEmpty { current += 1 }
        }
    }
}

extension Gaps {
    /// The gaps' bytes cut into blocks of `size`, each as the runs of the file that make it.
    package func blocks(of size: Int) -> [[Range<UInt64>]] {
        var blocks: [[Range<UInt64>]] = []
        var current: [Range<UInt64>] = []
        var room = UInt64(size)
        for var range in all {
            while !range.isEmpty {
                let end = min(range.upperBound, range.lowerBound + room)
                current.append(range.lowerBound..<end)
                room -= end - range.lowerBound
                range = end..<range.upperBound
                if room == 0 {
                    blocks.append(current)
                    (current, room) = ([], UInt64(size))
                }
            }
        }
        if !current.isEmpty { blocks.append(current) }
        return blocks
    }
}
