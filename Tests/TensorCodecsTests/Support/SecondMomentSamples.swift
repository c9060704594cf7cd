import Foundation

@testable import TensorCodecs

/// Second moments as arrays, and logarithms to judge them by.
enum SecondMomentSamples {
    static func fit(
        _ values: [Float], _ rows: Int, _ columns: Int, first: [Float]? = nil, previous: RankOneExponents? = nil,
        moves: ExponentMoves = .fine
    ) -> RankOneExponents? {
        values.withUnsafeBufferPointer { values in
            (first ?? []).withUnsafeBufferPointer { buffer in
                RankOneExponents.fit(
                    values, rows: rows, columns: columns, first: first == nil ? nil : buffer, previous: previous,
                    moves: moves)
            }
        }
    }

    static func restore(_ exponents: RankOneExponents) -> [Float] {
        var output = [Float](repeating: .nan, count: exponents.rows.count * exponents.columns.count)
        output.withUnsafeMutableBufferPointer { exponents.restore(into: $0) }
        return output
    }

    static func power(_ octaves: Double) -> Float { Float(exp2(octaves)) }

    /// The distance of two positive values.
    static func octaves(_ left: Float, _ right: Float) -> Double { abs(log2(Double(left)) - log2(Double(right))) }
}
