/// Finds the nearest centre of a codebook. A value half way between two centres belongs to the lower one.
struct NearestCentre {
    /// Largest Float that still belongs to centre i.
    private let limits: [Float]
    /// Per upper half of a Float's bits, the first centre any such Float can belong to; empty where few values make a
    /// table not worth its while.
    private var starts: [UInt8] = []

    /// - Parameters:
    ///   - codebook: ascending, not empty, at most 255 centres.
    ///   - count: how many values will be looked up.
    init(_ codebook: [Float], count: Int) {
        limits = zip(codebook, codebook.dropFirst()).map { Reductions.roundedDown((Double($0) + Double($1)) / 2) }
        guard count > 1 << 15 else { return }
        starts = [UInt8](repeating: 0, count: 1 << 16)
        // Ascending order of the upper halves: negative ones from the largest magnitude down, then positive ones.
        var centre = 0
        for step in 0..<1 << 16 {
            let upper = step < 0x8000 ? 0xffff - step : step - 0x8000
            // The smallest value with this upper half: all lower bits set where it is negative.
            let smallest = Float(bitPattern: UInt32(upper) << 16 | (upper >= 0x8000 ? 0xffff : 0))
            while centre < limits.count, smallest > limits[centre] { centre += 1 }
            starts[upper] = UInt8(centre)
        }
    }

    /// 1 + position of the nearest centre of every value, and one 0 more.
    func indices(of values: UnsafeBufferPointer<Float>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: values.count + 1) { output, filled in
            assign(values, to: UnsafeMutableBufferPointer(rebasing: output[..<values.count]))
            output[values.count] = 0
            filled = values.count + 1
        }
    }

    private func assign(_ values: UnsafeBufferPointer<Float>, to indices: UnsafeMutableBufferPointer<UInt8>) {
        guard !starts.isEmpty else {
            limits.withUnsafeBufferPointer { limits in
                for i in 0..<values.count { indices[i] = UInt8(truncatingIfNeeded: Self.search(values[i], limits)) }
            }
            return
        }
        // Nothing lies above the last one.
        (limits + [.infinity]).withUnsafeBufferPointer { limits in
            starts.withUnsafeBufferPointer { starts in
                for i in 0..<values.count {
                    let value = values[i]
                    var centre = Int(starts[Int(value.bitPattern >> 16)])
                    while value > limits[centre] { centre &+= 1 }
                    indices[i] = UInt8(truncatingIfNeeded: centre &+ 1)
                }
            }
        }
    }

    @inline(__always)
    private static func search(_ value: Float, _ limits: UnsafeBufferPointer<Float>) -> Int {
        var (low, high) = (0, limits.count)
        while low < high {
            let middle = (low &+ high) / 2
            if value > limits[middle] { low = middle &+ 1 } else { high = middle }
        }
        return low &+ 1
    }
}
