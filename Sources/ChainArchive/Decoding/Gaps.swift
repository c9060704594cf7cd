package import FileSystem

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

    /// Leaves the next bytes of the payload as they are in a new file: zero, and a hole where it can have one.
    package mutating func skip(_ byteCount: Int) {
        var left = UInt64(max(0, byteCount))
        while left > 0, current < ranges.count {
            let count = min(left, ranges[current].upperBound - ranges[current].lowerBound)
            ranges[current] = ranges[current].lowerBound + count..<ranges[current].upperBound
            left -= count
            if ranges[current].isEmpty { current += 1 }
        }
    }

    /// Writes the next bytes of the payload into the next gaps of a new file; runs of zeros become holes.
    package mutating func fill(_ file: OutputFile, with bytes: [UInt8]) throws(VarveError) {
        var position = 0
        while position < bytes.count, current < ranges.count {
            let count = min(bytes.count - position, ranges[current].count)
            let target = ranges[current].lowerBound, start = position
            try bytes.withUnsafeBytesTyped { (buffer) throws(VarveError) in
                try file.writeSparse(UnsafeRawBufferPointer(rebasing: buffer[start..<start + count]), at: target)
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
