extension PickleMachine {
    /// Lists, tuples, dicts and sets. Objects can be filled like lists and dicts (`OrderedDict`).
    mutating func performOnContainer(_ opcode: UInt8) throws(VarveError) {
        switch opcode {
        case 0x5D: try push(.list([]))  // EMPTY_LIST
        case 0x6C: try push(.list(try popToMark()))  // LIST
        case 0x61:  // APPEND
            let element = try pop()
            try append([element], to: try top())
        case 0x65:  // APPENDS
            let elements = try popToMark()
            try append(elements, to: try top())
        case 0x29: stack.append(Self.emptyTuple)  // EMPTY_TUPLE
        case 0x85, 0x86, 0x87: try pushTuple(of: Int(opcode - 0x84))  // TUPLE1, 2, 3
        case 0x74: try push(.tuple(try popToMark()))  // TUPLE
        case 0x7D: try push(.dict([]))  // EMPTY_DICT
        case 0x64: try push(.dict(try pairs(try popToMark())))  // DICT
        case 0x73:  // SETITEM
            let value = try pop()
            let key = try pop()
            try insert([Pair(key: key, value: value)], into: try top())
        case 0x75:  // SETITEMS
            let pairs = try pairs(try popToMark())
            try insert(pairs, into: try top())
        case 0x8F: try push(.set([]))  // EMPTY_SET
        case 0x90:  // ADDITEMS
            let elements = try popToMark()
            try append(elements, to: try top(), isSet: true)
        default: try push(.set(try popToMark()))  // FROZENSET
        }
    }

    private mutating func pushTuple(of count: Int) throws(VarveError) {
        var elements: [Node] = []
        for _ in 0..<count { elements.append(try pop()) }
        elements.reverse()
        try push(.tuple(elements))
    }

    private func pairs(_ nodes: [Node]) throws(VarveError) -> [Pair] {
        guard nodes.count % 2 == 0 else { throw malformed("a key without value") }
        return stride(from: 0, to: nodes.count, by: 2).map { Pair(key: nodes[$0], value: nodes[$0 + 1]) }
    }

    /// Adds to a list, a set or an object. The node is emptied meanwhile, so that its array grows in place.
    private mutating func append(_ elements: [Node], to node: Node, isSet: Bool = false) throws(VarveError) {
        let index = Int(node)
        switch nodes[index] {
        case .list(var present) where !isSet:
            nodes[index] = .none
            present += elements
            nodes[index] = .list(present)
        case .set(var present) where isSet:
            nodes[index] = .none
            present += elements
            nodes[index] = .set(present)
        case .object(let callable, let arguments, let state, var items, let pairs):
            nodes[index] = .none
            items += elements
            nodes[index] = .object(callable: callable, arguments: arguments, state: state, items: items, pairs: pairs)
        default: throw malformed("elements for something that is no list")
        }
    }

    private mutating func insert(_ new: [Pair], into node: Node) throws(VarveError) {
        let index = Int(node)
        switch nodes[index] {
        case .dict(var present):
            nodes[index] = .none
            present += new
            nodes[index] = .dict(present)
        case .object(let callable, let arguments, let state, let items, var pairs):
            nodes[index] = .none
            pairs += new
            nodes[index] = .object(callable: callable, arguments: arguments, state: state, items: items, pairs: pairs)
        default: throw malformed("keys and values for something that is no dict")
        }
    }
}
