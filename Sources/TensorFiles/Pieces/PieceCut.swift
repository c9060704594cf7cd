/// How a tensor is cut into its pieces, and how often each is kept.
package struct PieceCut: Hashable, Sendable {
    /// The dimensions in which boxes are smaller than the tensor, ascending.
    package let dimensions: [Int]
    /// Whether some piece is only a run of its box: flat buffers are cut without regard to shapes.
    package let isFlat: Bool
    /// How often each piece is kept; `nil` where some are kept more often than others.
    package let copies: Int?

    package init(_ layout: TensorPieces) {
        let shape = layout.shape
        dimensions = shape.indices.filter { dimension in
            layout.pieces.contains { $0.placement.sizes[dimension] < shape[dimension] }
        }
        isFlat = layout.pieces.contains { $0.placement.count < $0.placement.volume }
        var kept: [Placement: Int] = [:]
        for replica in layout.replicas { kept[replica.placement, default: 0] += 1 }
        let counts = Set(layout.pieces.map { 1 + kept[$0.placement, default: 0] })
        copies = counts.count > 1 ? nil : counts.first ?? 1
    }

    /// Whether the tensor lies in one piece.
    package var isWhole: Bool { dimensions.isEmpty && !isFlat }
}
