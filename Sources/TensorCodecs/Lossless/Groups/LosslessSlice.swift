/// A run of a tensor's coded elements within a chunk of its group.
struct LosslessSlice {
    /// Index of the tensor in the lossless group.
    var tensor: Int
    /// Of the tensor's coded elements.
    var range: Range<Int>

    /// The chunks of all tensors of a mode, tensor after tensor; all but the last have `ResidualChunkReader.limit`
    /// elements.
    static func chunks(of plans: [LosslessPlan], _ mode: LosslessMode) -> [[LosslessSlice]] {
        var chunks: [[LosslessSlice]] = [], current: [LosslessSlice] = [], filled = 0
        for (index, plan) in plans.enumerated() where plan.mode == mode {
            var position = 0
            while position < plan.codedCount {
                let count = min(plan.codedCount - position, ResidualChunkReader.limit - filled)
                current.append(LosslessSlice(tensor: index, range: position..<position + count))
                position += count
                filled += count
                guard filled == ResidualChunkReader.limit else { continue }
                chunks.append(current)
                (current, filled) = ([], 0)
            }
        }
        return current.isEmpty ? chunks : chunks + [current]
    }

    /// Elements of a chunk.
    static func count(_ chunk: [LosslessSlice]) -> Int { chunk.reduce(0) { $0 + $1.range.count } }

    /// The blocks that its elements are worked on in.
    var blocks: some Sequence<Range<Int>> {
        stride(from: range.lowerBound, to: range.upperBound, by: ResidualBlock.size).lazy.map { start in
            start..<min(start + ResidualBlock.size, range.upperBound)
        }
    }
}
