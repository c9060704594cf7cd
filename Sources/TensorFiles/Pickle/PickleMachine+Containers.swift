import FileSystem

extension PickleMachine {
    /// Lists, tuples, dicts and sets. Objects can be filled like lists and dicts (`OrderedDict`).
    mutating func performOnContainer(_ opcode: UInt8) throws(VarveError) {
        switch opcode {
        case 0x5D: try push(.list([]))  // EMPTY_LIST
        case 0x6C:  // LIST
            let elements = try popToMark()
            try push(.list([]))
            try append(elements, to: try top())
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
        case 0x64:  // DICT
            let pairs = try pairs(try popToMark())
            try push(.dict([]))
            try insert(pairs, into: try top())
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
        default:  // FROZENSET
            let elements = try popToMark()
            try push(.set([]))
            try append(elements, to: try top(), isSet: true)
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

    private mutating func append(_ new: [Node], to node: Node, isSet: Bool = false) throws(VarveError) {
        switch nodes[Int(node)] {
        case .list where !isSet, .set where isSet, .object: elements[node, default: []] += new
        default: throw malformed("elements for something that is no list")
        }
    }

    private mutating func insert(_ new: [Pair], into node: Node) throws(VarveError) {
        switch nodes[Int(node)] {
        case .dict, .object: pairs[node, default: []] += new
        default: throw malformed("keys and values for something that is no dict")
        }
    }

    /// The nodes with what was added to them.
    consuming func filled() -> [PickleTree.Value] {
        for (node, elements) in elements {
            switch nodes[Int(node)] {
            case .list: nodes[Int(node)] = .list(elements)
            case .set: nodes[Int(node)] = .set(elements)
            case .object(let callable, let arguments, let state, _, let pairs):
                nodes[Int(node)] = .object(
                    callable: callable, arguments: arguments, state: state, items: elements, pairs: pairs)
            default: break
            }
        }
        for (node, pairs) in pairs {
            switch nodes[Int(node)] {
            case .dict: nodes[Int(node)] = .dict(pairs)
            case .object(let callable, let arguments, let state, let items, _):
                nodes[Int(node)] = .object(
                    callable: callable, arguments: arguments, state: state, items: items, pairs: pairs)
            default: break
            }
        }
        return nodes
    }
}
