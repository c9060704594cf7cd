import TensorFiles

/// Which key of an optimizer's state plays which role, and what shape of parameter the state belongs to.
enum StateRoles {
    static let first = ["exp_avg", "momentum_buffer", "m"]
    static let second = ["exp_avg_sq", "square_avg", "sum", "v", "exp_avg_var"]
    /// Adam's moments in bitsandbytes, where both are there; one alone may be either.
    private static let pairs = [
        (first: "state1", second: "state2"),
        (first: "__bnb_optimizer_quant_state__.state1", second: "__bnb_optimizer_quant_state__.state2"),
    ]
    /// Further keys whose tensors have the parameter's shape.
    private static let shaped: Set<String> = [
        "max_exp_avg_sq", "grad_avg", "acc_delta", "exp_inf", "ax", "prev", "exp_avg_diff", "neg_pre_grad",
        "exp_avg_res", "state1", "state2", "z", "s", "p0", "previous_grad", "slow_buffer", "slow_param", "variance",
        "momentum", "grad_ma", "exp_avg_grad", "mov_avg_grad", "moments", "pos_momentum", "mug", "avg_grad",
        "__bnb_optimizer_quant_state__.state1", "__bnb_optimizer_quant_state__.state2",
    ]

    /// Distributes a state's values over the roles of `slot`.
    static func assign(
        _ values: [OptimizerValue], to slot: inout OptimizerSlot, tensor: (TensorIndex) -> StoredTensor
    ) {
        let pair = pairs.first { areMoments($0.first, $0.second, values, tensor) }
        let firstKey = first.first { isTensor($0, values) } ?? pair?.first
        let secondKey = second.first { isTensor($0, values) } ?? pair?.second
        for value in values {
            if case .tensor(let tensorIndex) = value.content, value.key == firstKey {
                slot.firstMoment = tensorIndex
                slot.momentKeys.first = value.key
                slot.firstIsUpdate = value.key == "momentum_buffer"
            } else if case .tensor(let tensorIndex) = value.content, value.key == secondKey {
                slot.secondMoment = tensorIndex
                slot.momentKeys.second = value.key
            } else {
                slot.other.append(value)
            }
        }
        var shapes: [String: [Int]] = [:]
        for value in values {
            if case .tensor(let tensorIndex) = value.content { shapes[value.key] = tensor(tensorIndex).shape }
        }
        slot.shape = shape(shapes, firstKey, secondKey)
        slot.isForeign = slot.shape == nil && shapes.values.contains { !$0.isEmpty }
    }

    private static func isTensor(_ key: String, _ values: [OptimizerValue]) -> Bool {
        values.contains {
            guard $0.key == key, case .tensor = $0.content else { return false }
            return true
        }
    }

    /// Whether both are floats of one shape.
    private static func areMoments(
        _ first: String, _ second: String, _ values: [OptimizerValue], _ tensor: (TensorIndex) -> StoredTensor
    ) -> Bool {
        func found(_ key: String) -> StoredTensor? {
            for value in values where value.key == key {
                if case .tensor(let tensorIndex) = value.content { return tensor(tensorIndex) }
            }
            return nil
        }
        guard let first = found(first), let second = found(second), first.shape == second.shape else { return false }
        return [first, second].allSatisfy { [.f32, .bf16, .f16].contains($0.dtype) }
    }

    /// The parameter's shape: that of a moment, or put together from factored second moments.
    private static func shape(_ shapes: [String: [Int]], _ firstKey: String?, _ secondKey: String?) -> [Int]? {
        // torch's Adafactor keeps [.., r, 1] and [.., 1, c]; transformers' [.., r] and [.., c].
        if let row = shapes["row_var"], let column = shapes["col_var"], let last = column.last, row.count >= 2 {
            return row.dropLast() + [last]
        }
        if let row = shapes["exp_avg_sq_row"], let column = shapes["exp_avg_sq_col"], let last = column.last {
            return row + [last]
        }
        if let key = firstKey, let shape = shapes[key] { return shape }
        if let key = secondKey, let shape = shapes[key] { return shape }
        for (key, shape) in shapes.sorted(by: { $0.key < $1.key }) where shaped.contains(key) { return shape }
        // Whatever they are called: states of one shape have the parameter's. Where they have not, no parameter fits.
        let found = Set(shapes.values.filter { $0.contains { $0 > 1 } })
        return found.count == 1 ? found.first : nil
    }
}
