import TensorFiles

/// FSDP1's flat parameters: what is wrapped together lies in one buffer, cut in equal parts for the ranks.
///
/// Nothing in the files says which parameters those are; sizes do. Usually each layer is wrapped, and everything outside of
/// layers is the first buffer.
enum FlatParameters {
    /// A buffer's values: plain ones, and the flat tensors by key.
    struct State {
        var values: [OptimizerValue]
        var buffers: [String: FlatBuffer]

        var count: Int { buffers.values.map(\.count).max() ?? 0 }
    }

    /// The parameters of each state, in the order of the buffer; `nil` where sizes do not come out.
    static func units(
        _ parameters: [(name: String, shape: [Int])], _ states: [State], ranks: Int
    ) -> [[(name: String, shape: [Int])]]? {
        for units in [byLayer(parameters), [parameters]] where units.count == states.count {
            let fits = zip(units, states).allSatisfy { unit, state in
                var sum = 0
                for (_, shape) in unit {
                    guard let count = LogicalTensor.count(shape) else { return false }
                    sum &+= count
                }
                return sum > 0 && sum <= state.count && state.count - sum < max(1, ranks)
            }
            if fits { return units }
        }
        return nil
    }

    /// What lies outside of layers, then each layer.
    private static func byLayer(_ parameters: [(name: String, shape: [Int])]) -> [[(name: String, shape: [Int])]] {
        var order: [String] = [""]
        var units: [String: [(name: String, shape: [Int])]] = [:]
        for parameter in parameters {
            let layer = layer(parameter.name)
            if units[layer] == nil, !layer.isEmpty { order.append(layer) }
            units[layer, default: []].append(parameter)
        }
        return order.compactMap { units[$0] }
    }

    /// The name up to its first number, empty without one.
    private static func layer(_ name: String) -> String {
        let words = name.split(separator: ".", omittingEmptySubsequences: false)
        guard let at = words.firstIndex(where: { !$0.isEmpty && $0.allSatisfy(\.isNumber) }) else { return "" }
        return words[...at].joined(separator: ".")
    }
}
