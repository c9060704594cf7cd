/// Finds floats in bytes that nobody understands: arrays in containers without a reader here.
///
/// In an array of floats every so many bytes there is one with sign and exponent, which takes few values. Segments are
/// told by how much less their byte planes cost than the bytes all together.
struct FloatRuns {
    /// Floats without a gap.
    struct Run: Hashable {
        /// First byte in the block.
        var start: Int
        var format: FloatFormat
        /// A multiple of `FloatRuns.row`.
        var count: Int

        var byteCount: Int { count * format.elementSize }
        var range: Range<Int> { start..<start + byteCount }
    }

    /// Runs are matrices of so many columns, for scales that follow the place.
    static let row = 256
    private static let segment = 1 << 12

    /// Element size and phase of a segment: bytes at phase + k size begin elements.
    private struct Layout: Equatable {
        var size: Int
        var phase: Int
    }

    /// Runs in ascending order.
    static func find(_ block: UnsafeRawBufferPointer) -> [Run] {
        var runs: [Run] = []
        var open: (layout: Layout, start: Int)?
        func close(at end: Int) {
            guard let (layout, start) = open else { return }
            // The first element of that phase.
            let first = start + (layout.phase - start % layout.size + layout.size) % layout.size
            let count = max(end - first, 0) / layout.size / row * row
            if count > 0 {
                let run = Run(start: first, format: format(block, first, layout.size), count: count)
                runs.append(run)
            }
            open = nil
        }
        for start in stride(from: 0, to: block.count, by: segment) {
            let end = min(start + segment, block.count)
            let layout = end - start < segment / 2 ? open?.layout : layout(block, start..<end)
            guard layout != open?.layout else { continue }
            close(at: start)
            if let layout { open = (layout, start) }
        }
        close(at: block.count)
        return runs
    }

    /// `nil` where planes of no size are worth it.
    private static func layout(_ block: UnsafeRawBufferPointer, _ range: Range<Int>) -> Layout? {
        // Bytes by their place modulo 8; fewer classes are sums of these.
        var counts = [[Int]](repeating: [Int](repeating: 0, count: 256), count: 8)
        for i in range { counts[i & 7][Int(block[i])] += 1 }
        func costs(_ size: Int) -> [UInt64] {
            (0..<size).map { position in
                var sum = [Int](repeating: 0, count: 256)
                for other in stride(from: position, to: 8, by: size) {
                    for value in 0..<256 { sum[value] += counts[other][value] }
                }
                return entropy(sum)
            }
        }
        var best = (size: 1, costs: costs(1))
        for size in [2, 4, 8] {
            let other = costs(size)
            // A larger size is never worse; it has to be better.
            if other.reduce(0, +) * 100 < best.costs.reduce(0, +) * 97 { best = (size, other) }
        }
        guard best.size > 1, let least = best.costs.min(), let top = best.costs.firstIndex(of: least) else {
            return nil
        }
        return Layout(size: best.size, phase: (top + 1) % best.size)
    }

    private static func entropy(_ counts: [Int]) -> UInt64 {
        var total = 0, used: UInt64 = 0, inside: UInt64 = 0
        for count in counts where count > 0 {
            total += count
            used += 1
            inside += CodeLength.countLog(count)
        }
        // Of few bytes the entropy seems too small, by half a nat for each value but one.
        let bias = (max(used, 1) - 1) * 47_274
        return CodeLength.countLog(total) - min(inside, CodeLength.countLog(total)) + bias
    }

    /// Two bytes are bf16 where their exponents say numbers of a usual size, else f16.
    private static func format(_ block: UnsafeRawBufferPointer, _ start: Int, _ size: Int) -> FloatFormat {
        switch size {
        case 4: return .f32
        case 8: return .f64
        default: break
        }
        var usual = 0
        for i in 0..<row {
            // 2^-32 to 2^8 as bf16; as f16 such patterns are larger than most.
            let exponent = Int(block.loadUnaligned(fromByteOffset: start + 2 * i, as: UInt16.self) >> 7) & 0xff
            if 95...135 ~= exponent { usual += 1 }
        }
        return usual * 4 > row * 3 ? .bf16 : .f16
    }
}
