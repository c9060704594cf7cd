/// Which worker encodes which unit of a step.
///
/// The rule depends on the plan alone: the most work first, each to the worker that has the least, the first of those. So
/// steps of the same tensors are dealt alike, and each worker has from the step before what it needs for the next.
package struct UnitDealing: Sendable {
    /// By worker, indices of units, ascending.
    package let tensors: [[Int]]
    package let payload: [[Int]]

    package init(_ units: [EncodingUnit], count: Int) {
        var loads = LeastLoaded(count)
        func deal(_ indices: [Int]) -> [[Int]] {
            let hands = Self.hands(indices.map { Self.cost(units[$0]) }, &loads)
            return hands.map { hand in hand.map { indices[$0] } }
        }
        // All tensors before any payload: how they are dealt shall not depend on a log that grows.
        tensors = deal(units.indices.filter { !units[$0].isPayload })
        payload = deal(units.indices.filter { units[$0].isPayload })
    }

    /// The same of anything that has a cost: by worker, positions, ascending.
    package static func hands(_ costs: [Int], count: Int) -> [[Int]] {
        var loads = LeastLoaded(count)
        return hands(costs, &loads)
    }

    private static func hands(_ costs: [Int], _ loads: inout LeastLoaded) -> [[Int]] {
        var hands = [[Int]](repeating: [], count: loads.count)
        for position in costs.indices.sorted(by: { (costs[$1], $0) < (costs[$0], $1) }) {
            hands[loads.take(costs[position])].append(position)
        }
        return hands.map { $0.sorted() }
    }

    /// What encoding a unit takes, in some unit of time.
    static func cost(_ unit: EncodingUnit) -> Int {
        switch unit {
        case .quantizedGroup(let parameters):
            parameters.reduce(0) { $0 + $1.tensors.reduce(0) { $0 + $1.range.count } }
        case .losslessGroup(let tensors): tensors.reduce(0) { $0 + $1.range.count }
        case .payload(let payload): payload.byteCount
        }
    }
}

/// Workers by what they have been given.
struct LeastLoaded {
    /// A heap: the least loaded first, of equals the first.
    private var heap: [(load: Int, worker: Int)]

    init(_ count: Int) { heap = (0..<count).map { (0, $0) } }

    var count: Int { heap.count }

    /// Gives work to the worker with the least.
    mutating func take(_ cost: Int) -> Int {
        let worker = heap[0].worker
        heap[0].load += cost
        var position = 0
        while true {
            var least = position
            for child in [2 * position + 1, 2 * position + 2]
            where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            if least == position { return worker }
            heap.swapAt(position, least)
            position = least
        }
    }
}

extension EncodingUnit {
    package var isPayload: Bool {
        if case .payload = self { return true }
        return false
    }

    /// Tensors of it, as they are planned.
    package var tensors: [PlannedTensor] {
        switch self {
        case .quantizedGroup(let parameters): parameters.flatMap(\.tensors)
        case .losslessGroup(let tensors): tensors
        case .payload: []
        }
    }
}
