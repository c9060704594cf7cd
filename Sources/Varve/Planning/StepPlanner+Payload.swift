import ChainArchive
import Checkpoints
import FileSystem

extension StepPlanner {
    /// What no tensor claims, file by file in blocks.
    func payload() throws(VarveError) -> [EncodingUnit] {
        var planned: [PlannedPayload] = []
        for (index, file) in contents.files.enumerated() {
            let entry = entryOfFile[index]
            let gaps = Gaps(byteCount: file.source.byteCount, regions: claimed[index].ranges)
            for (block, ranges) in gaps.blocks(of: PayloadBlock.size).enumerated() {
                planned.append(
                    PlannedPayload(
                        entry: entry, block: block, ranges: ranges, source: file.source,
                        prefixEntry: entries[entry].prefixEntry))
            }
        }
        try findTwins(&planned)
        return planned.map { .payload($0) }
    }

    /// Files that occur in a step under several names: blocks at the same place of files of the same size are compared
    /// by checksum here, by content when they are encoded. Other files are not read twice.
    private func findTwins(_ planned: inout [PlannedPayload]) throws(VarveError) {
        var sizes: [Int: Int] = [:]
        for block in planned { sizes[block.entry, default: 0] += block.byteCount }
        var files: [Int: Int] = [:]
        for size in sizes.values { files[size, default: 0] += 1 }
        var first: [TwinKey: Int] = [:]
        for index in planned.indices {
            let block = planned[index], size = sizes[block.entry] ?? 0
            guard files[size] ?? 0 > 1, block.byteCount >= PayloadBlock.smallestShared, !block.isHole
            else { continue }
            let plain = try block.read()
            guard plain.constant == nil else { continue }
            let key = TwinKey(size: size, block: block.block, checksum: checksum64(plain))
            guard let earlier = first[key] else {
                first[key] = index
                continue
            }
            let twin = planned[earlier]
            planned[index].twin = PlannedPayload.Twin(
                entry: twin.entry, block: twin.block, ranges: twin.ranges, source: twin.source)
        }
    }

    private struct TwinKey: Hashable {
        var size: Int
        var block: Int
        var checksum: UInt64
    }
}
