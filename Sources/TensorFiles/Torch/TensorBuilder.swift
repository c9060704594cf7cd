/// Evaluates the calls of a torch pickle that make tensors (`torch._utils._rebuild_tensor_v2` and its kin).
struct TensorBuilder {
    typealias Node = PickleTree.Node

    /// What a node turned out to be.
    enum Result {
        /// No call that makes a tensor.
        case other
        /// A tensor without bytes here, or of a kind that Varve keeps as it is.
        case unlisted
        /// The name is still empty.
        case tensor(StoredTensor)
    }

    /// Why a tensor is refused; the walk knows its name.
    struct Refusal: Error {
        var message: String
    }

    let tree: PickleTree
    let storages: TorchStorages

    /// Unwraps parameters and subclasses around the call, which may nest a few times.
    private static let unwrapLimit = 16

    /// Reads the call at `node`.
    func evaluate(_ node: Node) throws(Refusal) -> Result {
        guard case .object(var callable, var arguments, _, _, _) = tree[node] else { return .other }
        for _ in 0..<Self.unwrapLimit {
            guard case .global(let module, let name) = tree[callable],
                module == "torch._utils" || module == "torch._tensor",
                let values = tree.elements(arguments)
            else { return .other }
            switch name {
            case "_rebuild_tensor_v2", "_rebuild_tensor":
                return try tensor(node, values, dtype: nil, metadata: values.count > 6 ? values[6] : nil)
            case "_rebuild_tensor_v3":
                guard values.count > 6, case .global("torch", let name) = tree[values[6]] else { return .unlisted }
                guard let dtype = DType(torchName: name) else { return .unlisted }
                return try tensor(node, values, dtype: dtype, metadata: values.count > 7 ? values[7] : nil)
            case "_rebuild_parameter", "_rebuild_parameter_with_state":
                guard let inner = values.first, case .object(let function, let inputs, _, _, _) = tree[inner] else {
                    return .unlisted
                }
                (callable, arguments) = (function, inputs)
            case "_rebuild_from_type_v2":
                guard values.count >= 3 else { return .unlisted }
                (callable, arguments) = (values[0], values[2])
            default: return .other
            }
        }
        return .unlisted
    }

    /// Nodes behind a tensor that may hold further ones: its Python attributes.
    func attributes(of node: Node) -> [Node] {
        guard case .object(let callable, let arguments, let state, _, _) = tree[node],
            case .global(_, let name) = tree[callable], let values = tree.elements(arguments)
        else { return [] }
        let isStateful = name == "_rebuild_from_type_v2" || name == "_rebuild_parameter_with_state"
        return (isStateful && values.count > 3 ? [values[3]] : []) + (state.map { [$0] } ?? [])
    }

    /// Whether `node` is a call of torch's that makes a kind of tensor not known here (sparse, quantized): tensors
    /// among its arguments are its parts.
    func isUnknownBuilder(_ node: Node) -> Bool {
        guard case .object(let callable, let arguments, _, _, _) = tree[node],
            case .global(let module, let name) = tree[callable]
        else { return false }
        // Around a rank's part of a distributed tensor, which is one of a kind that is known.
        if name == "_rebuild_from_type_v2", let function = tree.elements(arguments)?.first,
            case .global(_, "_rebuild_wrapper_subclass") = tree[function]
        {
            return false
        }
        return module.hasPrefix("torch") && name.hasPrefix("_rebuild_")
    }

    private func tensor(
        _ node: Node, _ values: [Node], dtype explicit: DType?, metadata: Node?
    ) throws(Refusal) -> Result {
        guard values.count >= 4, let reference = storages.references[values[0]], reference.location != "meta",
            let dtype = explicit ?? reference.dtype, let offset = tree.integer(values[1]),
            let shape = tree.sizes(values[2]), let strides = tree.sizes(values[3])
        else { return .unlisted }
        guard let index = storages.index(of: reference.key) else {
            if reference.count == 0 { return .unlisted }
            throw Refusal(message: "its storage \(reference.key) is not in the file")
        }
        var isOpaque = storages.isBigEndian
        if let metadata, let pairs = tree.pairs(metadata) {
            isOpaque = isOpaque || pairs.contains { tree[$0.value] != .bool(false) }
        }
        var result = StoredTensor(
            name: "", dtype: dtype, shape: shape, strides: strides, storage: index, elementOffset: Int(offset),
            node: node, isOpaque: isOpaque)
        if dtype == .f4 { result = Self.pairsOfFourBits(result) }
        try check(&result, reference, storages.list[index])
        return .tensor(result)
    }

    /// torch counts bytes of two elements each: double the last dimension. Where that cannot be said in strides the
    /// tensor stays one of opaque bytes.
    private static func pairsOfFourBits(_ tensor: StoredTensor) -> StoredTensor {
        var result = tensor
        let limit = Int.max / 4
        guard let last = tensor.shape.last, tensor.strides.count == tensor.shape.count,
            tensor.strides.last == 1 || last <= 1,
            (tensor.shape + tensor.strides + [tensor.elementOffset]).allSatisfy({ $0 >= 0 && $0 < limit })
        else {
            result.dtype = .u8
            result.isOpaque = true
            return result
        }
        result.shape[tensor.shape.count - 1] = last * 2
        result.strides = tensor.strides.map { $0 * 2 }
        result.strides[tensor.shape.count - 1] = 1
        result.elementOffset *= 2
        return result
    }

    /// Checks sizes, strides and that every element lies within the storage; applies a legacy view.
    private func check(
        _ tensor: inout StoredTensor, _ reference: TorchStorageReference, _ storage: Storage
    ) throws(Refusal) {
        guard tensor.shape.count == tensor.strides.count else {
            throw Refusal(message: "\(tensor.shape.count) sizes and \(tensor.strides.count) strides")
        }
        guard tensor.elementOffset >= 0, tensor.shape.allSatisfy({ $0 >= 0 }), tensor.strides.allSatisfy({ $0 >= 0 })
        else {
            throw Refusal(message: "a negative size, stride or offset")
        }
        let bits = tensor.dtype.bits
        var available = Int(clamping: storage.byteCount).multipliedReportingOverflow(by: 8).partialValue / bits
        var first = 0
        if let view = reference.view {
            guard view.offset >= 0, view.count >= 0, view.offset <= available,
                view.count <= available - Int(view.offset)
            else {
                throw Refusal(message: "a view beyond its storage")
            }
            (first, available) = (Int(view.offset), Int(view.count))
        }
        // The last element, counted in a way that cannot trap.
        var count = 1
        var last = tensor.elementOffset
        var overflows = false
        for (size, stride) in zip(tensor.shape, tensor.strides) {
            let product = count.multipliedReportingOverflow(by: size)
            let reach = max(0, size - 1).multipliedReportingOverflow(by: stride)
            let sum = last.addingReportingOverflow(reach.partialValue)
            overflows = overflows || product.overflow || (size > 0 && (reach.overflow || sum.overflow))
            (count, last) = (product.partialValue, sum.partialValue)
        }
        let bitsOverflow = count.multipliedReportingOverflow(by: bits).overflow
        guard !overflows, !bitsOverflow else { throw Refusal(message: "its shape \(tensor.shape) is too large") }
        guard count == 0 || last < available else {
            throw Refusal(message: "it ends at element \(last) of a storage with \(available)")
        }
        // An empty slice may begin anywhere: x[3:, 2:] of a 3 x 4 matrix does at 14.
        if count == 0 { tensor.elementOffset = min(tensor.elementOffset, available) }
        tensor.elementOffset += first
    }
}
