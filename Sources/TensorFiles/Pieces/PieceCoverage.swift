/// What is wrong with pieces that shall be a tensor.
package struct PieceFault: Error {
    package var message: String
}

/// What pieces of tensors may take, of one tensor or of many together. Real checkpoints need a few comparisons for each piece;
/// made-up ones could take hours.
package struct PieceBudget: Sendable {
    /// Pieces.
    package var count: Int
    /// Comparisons of boxes, by dimensions.
    package var comparisons = 100_000_000

    package init(count: Int) { self.count = count }
}

/// Proves that pieces are a tensor: each of its elements is in exactly one of them, exact repetitions aside.
struct PieceCoverage {
    /// Positions of the pieces that make the tensor, and of those that repeat one of them. Pieces without elements are in
    /// neither.
    private(set) var pieces: [Int] = []
    private(set) var replicas: [Int] = []

    init(_ placements: [Placement], shape: [Int], budget: inout PieceBudget) throws(PieceFault) {
        var boxes: [Box: [Int]] = [:]
        var order: [Box] = []
        for (index, placement) in placements.enumerated() {
            if let message = placement.fault(in: shape) { throw PieceFault(message: message) }
            if placement.range.isEmpty { continue }
            let box = Box(offsets: placement.offsets, sizes: placement.sizes)
            if boxes[box, default: []].isEmpty { order.append(box) }
            boxes[box, default: []].append(index)
        }
        let total = shape.reduce(1, *)
        var covered = 0
        for box in order {
            try fill(box, boxes[box] ?? [], placements)
            let (sum, overflow) = covered.addingReportingOverflow(box.volume)
            guard !overflow, sum <= total else {
                throw PieceFault(message: "its pieces have more elements than the tensor")
            }
            covered = sum
        }
        try Self.checkDisjoint(order, &budget)
        guard covered == total else {
            throw PieceFault(message: "\(total - covered) of its \(total) elements are in no piece")
        }
    }

    /// Whether runs fill their box.
    private mutating func fill(_ box: Box, _ members: [Int], _ placements: [Placement]) throws(PieceFault) {
        let sorted = members.sorted {
            (placements[$0].range.lowerBound, placements[$0].range.upperBound, $0)
                < (placements[$1].range.lowerBound, placements[$1].range.upperBound, $1)
        }
        var end = 0
        var last: Range<Int>?
        for index in sorted {
            let range = placements[index].range
            if range == last {
                replicas.append(index)
                continue
            }
            guard range.lowerBound >= end else { throw PieceFault(message: "two of its pieces overlap") }
            guard range.lowerBound == end else {
                throw PieceFault(message: "elements \(end) to \(range.lowerBound) are in no piece")
            }
            pieces.append(index)
            (end, last) = (range.upperBound, range)
        }
        guard end == box.volume else { throw PieceFault(message: "elements from \(end) on are in no piece") }
    }

    private struct Box: Hashable {
        var offsets: [Int]
        var sizes: [Int]
        var volume: Int { sizes.reduce(1, *) }

        func overlaps(_ other: Box) -> Bool {
            offsets.indices.allSatisfy {
                offsets[$0] < other.offsets[$0] + other.sizes[$0] && other.offsets[$0] < offsets[$0] + sizes[$0]
            }
        }
    }

    /// Sweeps along the dimension that tells most boxes apart.
    private static func checkDisjoint(_ boxes: [Box], _ budget: inout PieceBudget) throws(PieceFault) {
        guard boxes.count > 1, let dimensions = boxes.first?.offsets.indices,
            let sweep = dimensions.max(by: { distinct(boxes, $0) < distinct(boxes, $1) })
        else {
            if boxes.count > 1 { throw PieceFault(message: "two of its pieces overlap") }
            return
        }
        var active: [Box] = []
        for box in boxes.sorted(by: { $0.offsets[sweep] < $1.offsets[sweep] }) {
            active.removeAll { $0.offsets[sweep] + $0.sizes[sweep] <= box.offsets[sweep] }
            budget.comparisons -= active.count * max(1, dimensions.count)
            guard budget.comparisons >= 0 else { throw PieceFault(message: "its pieces are too many to be told apart") }
            if active.contains(where: { $0.overlaps(box) }) { throw PieceFault(message: "two of its pieces overlap") }
            active.append(box)
        }
    }

    private static func distinct(_ boxes: [Box], _ dimension: Int) -> Int {
        Set(boxes.map { $0.offsets[dimension] }).count
    }
}
