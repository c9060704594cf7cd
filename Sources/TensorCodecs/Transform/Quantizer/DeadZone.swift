/// A uniform quantizer with a dead zone, and reconstruction points at the centroids of what fell into each interval.
///
/// Sizes are in units of the step. Level k >= 1 takes sizes from k - 1/2 + theta on.
package struct DeadZone: Sendable {
    /// Centroid offsets of levels 1, 2 and 3 or more, in 1/128 of the step, toward zero.
    package struct Centroids: Sendable, Hashable {
        package var offsets: [Int8] = [0, 0, 0]
        package static let parts = 128

        package init() {}

        /// - Parameters:
        ///   - sums, counts: total size and number of the elements of levels 1, 2 and 3 or more; the total less
        ///     3 or more's own levels, so that it is what lies above.
        init(differences: [Double], counts: [Int]) {
            for position in 0..<3 where counts[position] > 0 {
                let mean = differences[position] / Double(counts[position])
                offsets[position] = Int8(max(-127, min(127, (mean * Double(Self.parts)).rounded())))
            }
        }

        /// Grid units of a level, `stepSize` units to the level.
        func value(_ level: Int32, stepSize: Int64) -> Int64 {
            guard level != 0 else { return 0 }
            let size = Int64(level.magnitude)
            let offset = Int64(offsets[Int(min(size, 3)) - 1])
            // Rounded half up; step and offset are small against 2^63.
            let units = size * stepSize - (offset * stepSize + Int64(Self.parts / 2)) >> 7
            return level < 0 ? -units : units
        }
    }

    package var theta: Double
    /// No level is larger: beyond, the tensor is stored exactly.
    let largest: Int

    /// Levels of changes, which add up over a group.
    static let largestChange = 1 << 20
    /// Levels of keyframes, where single elements may be far larger than the others.
    static let largestOfKeyframes = 1 << 28

    package init(theta: Double, largest: Int = largestChange) {
        self.theta = theta
        self.largest = largest
    }

    /// The level of a size (value / step, signed).
    @inline(__always)
    func level(_ size: Double) -> Int32 {
        let magnitude = min(size.magnitude + (0.5 - theta), Double(largest))
        // Rounded down without a branch or a call: to the nearest, and one less where that is above. The integer stands
        // in the low bits of its sum with 2^52. Sizes are finite: callers see to that.
        let nearest = (magnitude + 0x1p52) - 0x1p52
        let whole = nearest > magnitude ? nearest - 1 : nearest
        let level = Int32(truncatingIfNeeded: (whole + 0x1p52).bitPattern & 0xffff_ffff)
        return size < 0 ? 0 &- level : level
    }
}
