import FileSystem

extension PickleMachine {
    /// Names of classes, calls, object states and persistent ids.
    mutating func performOnObject(_ opcode: UInt8) throws(VarveError) {
        switch opcode {
        case 0x63:  // GLOBAL
            let module = try text(try input.line())
            let name = try text(try input.line())
            try push(.global(module: module, name: name))
        case 0x93:  // STACK_GLOBAL
            let (name, module) = (try pop(), try pop())
            guard case .string(let name) = nodes[Int(name)], case .string(let module) = nodes[Int(module)] else {
                throw malformed("a class whose name is no string")
            }
            try push(.global(module: module, name: name))
        case 0x52, 0x81:  // REDUCE, NEWOBJ
            let arguments = try pop()
            try pushObject(try pop(), arguments)
        case 0x92:  // NEWOBJ_EX: both kinds of arguments as one tuple
            let keywords = try pop()
            let arguments = try pop()
            let callable = try pop()
            guard case .tuple = nodes[Int(arguments)], case .dict = nodes[Int(keywords)] else {
                throw malformed("arguments that are no tuple and dict")
            }
            try pushObject(callable, try make(.tuple([arguments, keywords])))
        case 0x62:  // BUILD
            let state = try pop()
            try setState(state, of: try top())
        case 0x51: try push(.persistent(try pop()))  // BINPERSID
        default: try push(.persistent(try make(.string(try text(try input.line())))))  // PERSID
        }
    }

    private mutating func pushObject(_ callable: Node, _ arguments: Node) throws(VarveError) {
        guard case .tuple = nodes[Int(arguments)] else { throw malformed("arguments that are no tuple") }
        try push(.object(callable: callable, arguments: arguments, state: nil, items: [], pairs: []))
    }

    /// A second state of one object makes a tuple of both.
    private mutating func setState(_ state: Node, of node: Node) throws(VarveError) {
        let index = Int(node)
        guard case .object(let callable, let arguments, let earlier, let items, let pairs) = nodes[index] else {
            throw malformed("a state for something that is no object")
        }
        let state = if let earlier { try make(.tuple([earlier, state])) } else { state }
        nodes[index] = .object(callable: callable, arguments: arguments, state: state, items: items, pairs: pairs)
    }
}
