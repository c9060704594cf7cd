/// An order in which a model may have registered its parameters.
struct ParameterOrder {
    /// Indices of weights.
    var weights: [Int]
    /// The file keeps this order, or a known model family registers its modules so.
    var isDocumented: Bool

    /// The orders that come into question, the most likely first.
    static func candidates(_ indices: [Int], _ weights: [Weight]) -> [ParameterOrder] {
        var orders: [ParameterOrder] = []
        func add(_ order: [Int], _ isDocumented: Bool) {
            if !orders.contains(where: { $0.weights == order }) {
                orders.append(ParameterOrder(weights: order, isDocumented: isDocumented))
            }
        }
        if indices.allSatisfy({ weights[$0].isOrdered }) {
            add(indices, true)
        } else {
            // The order within each state dict is lost; the dicts themselves stay in their order.
            let dictionaries = Dictionary(grouping: indices) { weights[$0].dictionary }
            let keys = dictionaries.keys.sorted()
            let choices = keys.map { key -> [([Int], Bool)] in
                let members = dictionaries[key] ?? []
                if members.allSatisfy({ weights[$0].isOrdered }) { return [(members, true)] }
                // Judged on the whole dict: a few names alone may look like another family's.
                let wanted = Set(members)
                let whole = weights.indices.filter {
                    weights[$0].dictionary == key && !weights[$0].isBuffer
                        && (wanted.contains($0) || !BufferNames.isLikely(weights[$0].ownName))
                }
                let paths = whole.map { ParameterNames.parts(weights[$0].ownName) }
                return ModelFamilies.orders(paths).map { order in
                    (order.order.map { whole[$0] }.filter { wanted.contains($0) }, order.isDocumented)
                }
            }
            // Few dicts in practice: take the n-th choice of each.
            for index in 0..<(choices.map(\.count).max() ?? 0) {
                let picked = choices.map { $0[min(index, $0.count - 1)] }
                add(picked.flatMap(\.0), picked.allSatisfy(\.1))
            }
        }
        add(indices.sorted { weights[$0].ownName.utf8.lexicographicallyPrecedes(weights[$1].ownName.utf8) }, false)
        add(indices.reversed(), false)
        return orders
    }
}
