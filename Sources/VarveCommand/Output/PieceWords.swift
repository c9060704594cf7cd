import Varve

/// How tensors of a sharded checkpoint are cut, in a line.
enum PieceWords {
    /// `51 tensors in 102 pieces in 2 files, DeepSpeed: cut flat`.
    static func line(_ pieces: Inspection.Pieces) -> String {
        let count = Units.count(pieces.pieces + pieces.replicas, "piece")
        let start =
            "\(Units.count(pieces.tensors, "tensor")) in \(count) in \(Units.count(pieces.files, "file"))"
            + (pieces.layout.map { ", \($0)" } ?? "") + ": "
        let copies = pieces.cut.map(\.copies)
        guard pieces.cut.count > 1 else {
            return start + pieces.cut.map { way($0) + suffix($0.copies) }.joined()
        }
        // What all of them share is said once.
        let areAlike = copies.allSatisfy { $0 == copies[0] }
        return start
            + pieces.cut.map { "\($0.tensors) \(way($0))" + (areAlike ? "" : suffix($0.copies, " and ")) }
            .joined(separator: ", ") + (areAlike ? suffix(copies[0]) : "")
    }

    private static func way(_ cut: Inspection.Pieces.Cut) -> String {
        let along =
            switch cut.dimensions.count {
            case 0: ""
            case 1: "cut along dimension \(cut.dimensions[0])"
            default:
                "cut along dimensions " + cut.dimensions.dropLast().map(String.init).joined(separator: ", ")
                    + " and \(cut.dimensions[cut.dimensions.count - 1])"
            }
        switch (along.isEmpty, cut.flat) {
        case (true, true): return "cut flat"
        case (true, false): return "whole"
        case (false, true): return along + " and then flat"
        case (false, false): return along
        }
    }

    private static func suffix(_ copies: Int?, _ joint: String = ", each ") -> String {
        switch copies {
        case 1: ""
        case let copies?: joint + "kept \(copies) times"
        case nil: joint + "kept a varying number of times"
        }
    }
}
