/// How many directions the bases of a chain follow, and how carefully: what the transform's cost on wide matrices depends on.
///
/// Decoders compute the bases too, so a chain that departs from the original rule says so in the step that begins its
/// first group (`TransformHeader.rule`).
package struct BasisRule: Sendable, Hashable {
    /// Directions followed at most on a side, in eighths of them: 8 stands for 64. 0 transforms nothing at all.
    package var directionsByEight: UInt8
    /// Rounds of orthogonal iteration when nothing is known yet, 1 to 15.
    package var firstRounds: UInt8
    /// Rounds when the last directions are at hand, 1 to 15.
    package var laterRounds: UInt8
    /// Whether the keyframe's first moment opens the bases, so that the first change is transformed already.
    package var opens: Bool
    /// Whether the longer of two tracked sides learns from what the shorter one's directions make of the change,
    /// instead of from all of it.
    package var isJoint: Bool

    package init(
        directionsByEight: UInt8, firstRounds: UInt8, laterRounds: UInt8, opens: Bool = true, isJoint: Bool = false
    ) {
        self.directionsByEight = directionsByEight
        self.firstRounds = firstRounds
        self.laterRounds = laterRounds
        self.opens = opens
        self.isJoint = isJoint
    }

    /// Up to 256 directions, an eighth of a side: what chains follow that say nothing.
    package static let original = BasisRule(
        directionsByEight: UInt8(SideBasis.mostDirections / 8), firstRounds: 4, laterRounds: 2)

    /// How a side of `n` is transformed.
    package func kind(forSide n: Int) -> SideBasis.Kind {
        guard directionsByEight > 0 else { return .identity }
        switch SideBasis.kind(forSide: n) {
        case .tracked(let directions): return .tracked(directions: min(directions, 8 * Int(directionsByEight)))
        case let other: return other
        }
    }

    /// Whether it makes a difference for any tile of a matrix.
    package func matters(for form: MatrixForm) -> Bool {
        guard self != .original, !form.isVector else { return false }
        return form.tiles.contains { tile in
            [tile.rows.count, tile.columns.count].contains { side in
                switch SideBasis.kind(forSide: side) {
                case .identity: false
                case .full: directionsByEight == 0 || !opens
                case .tracked: true
                }
            }
        }
    }
}

extension BasisRule {
    func write(to writer: inout ByteWriter) {
        writer.append(directionsByEight | (opens ? 0 : 64) | (isJoint ? 128 : 0))
        writer.append(firstRounds | laterRounds << 4)
    }

    /// - Throws: `.corrupt` for fields out of range.
    init(from reader: inout ByteReader) throws(CodecError) {
        let first = try reader.readByte(), rounds = try reader.readByte()
        guard first & 63 <= BasisRule.original.directionsByEight, rounds & 15 > 0, rounds >> 4 > 0 else {
            throw reader.corrupt("a rule for bases out of range")
        }
        self.init(
            directionsByEight: first & 63, firstRounds: rounds & 15, laterRounds: rounds >> 4, opens: first & 64 == 0,
            isJoint: first & 128 != 0)
    }
}
