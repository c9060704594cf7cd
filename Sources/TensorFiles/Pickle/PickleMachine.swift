import FileSystem

/// The stack machine of the pickle protocols 0 to 5, as a pure reader of data: classes stay names, calls stay nodes.
///
/// Nothing is recursive, every pop is checked against the innermost mark, and the work is linear in the bytes read:
/// whatever a pickle says, it ends with a tree or with an error.
struct PickleMachine {
    typealias Node = PickleTree.Node
    typealias Pair = PickleTree.Pair

    /// Most nodes of a tree, and most entries of stack and memo: a few gigabytes. Checkpoints have some 100,000.
    static let nodeLimit = 50_000_000

    /// Nodes that are made once: None, True, False and the empty tuple.
    static let (none, yes, no, emptyTuple): (Node, Node, Node, Node) = (0, 1, 2, 3)

    var input: PickleInput
    var nodes: [PickleTree.Value] = [.none, .bool(true), .bool(false), .tuple([])]
    /// What was added to lists, sets, dicts and objects. Within `nodes` their arrays stay empty until the end: an array
    /// in an enum would be copied whenever it grows.
    var elements: [Node: [Node]] = [:]
    var pairs: [Node: [Pair]] = [:]
    var stack: [Node] = []
    var marks: [Int] = []
    var memo: [UInt64: Node] = [:]
    /// Where the present opcode stands.
    var opcodeOffset: UInt64 = 0

    /// Reads one pickle; `input` then stands behind its STOP.
    /// - Throws: `.truncated`, `.malformed`, `.unsupported` with the offset of the opcode; `.inputOutput`.
    static func run(_ input: inout PickleInput) throws(VarveError) -> PickleTree {
        var machine = PickleMachine(input: input)
        while true {
            machine.opcodeOffset = machine.input.position
            let opcode = try machine.input.byte()
            if opcode == 0x2E { break }
            try machine.perform(opcode)
            guard machine.stack.count + machine.marks.count + machine.memo.count < nodeLimit else {
                throw machine.tooLarge()
            }
        }
        let root = try machine.pop()
        input = machine.input
        return PickleTree(nodes: machine.filled(), root: root)
    }

    private init(input: PickleInput) { self.input = input }

    func malformed(_ message: String) -> VarveError { input.failure(.malformed, message, at: opcodeOffset) }

    private func tooLarge() -> VarveError {
        input.failure(.unsupported, "more than \(Self.nodeLimit) objects", at: opcodeOffset)
    }

    mutating func make(_ value: PickleTree.Value) throws(VarveError) -> Node {
        guard nodes.count < Self.nodeLimit else { throw tooLarge() }
        nodes.append(value)
        return Node(nodes.count - 1)
    }

    mutating func push(_ value: PickleTree.Value) throws(VarveError) { stack.append(try make(value)) }

    mutating func pop() throws(VarveError) -> Node {
        guard stack.count > marks.last ?? 0, let node = stack.popLast() else { throw malformed("stack underflow") }
        return node
    }

    /// The topmost node, which stays.
    func top() throws(VarveError) -> Node {
        guard stack.count > marks.last ?? 0, let node = stack.last else { throw malformed("stack underflow") }
        return node
    }

    /// The nodes above the innermost mark, which goes too.
    mutating func popToMark() throws(VarveError) -> [Node] {
        guard let mark = marks.popLast() else { throw malformed("no mark") }
        let result = Array(stack[mark...])
        stack.removeSubrange(mark...)
        return result
    }

    private mutating func perform(_ opcode: UInt8) throws(VarveError) {
        switch opcode {
        case 0x80:  // PROTO
            let version = try input.byte()
            guard version <= 5 else { throw input.failure(.unsupported, "protocol \(version)", at: opcodeOffset) }
        case 0x95:  // FRAME
            let length = try input.unsigned(8)
            guard length <= input.remaining else {
                throw input.failure(.truncated, "a frame of \(length) bytes, \(input.remaining) left", at: opcodeOffset)
            }
        case 0x28: marks.append(stack.count)  // MARK
        case 0x30:  // POP, which may take a mark
            if let mark = marks.last, mark == stack.count { marks.removeLast() } else { _ = try pop() }
        case 0x31: _ = try popToMark()  // POP_MARK
        case 0x32: stack.append(try top())  // DUP
        case 0x4E: stack.append(Self.none)  // NONE
        case 0x88: stack.append(Self.yes)  // NEWTRUE
        case 0x89: stack.append(Self.no)  // NEWFALSE

        case 0x4A, 0x4B, 0x4D, 0x8A, 0x8B, 0x47, 0x49, 0x4C, 0x46: try pushNumber(opcode)
        case 0x58, 0x8C, 0x8D, 0x42, 0x43, 0x8E, 0x96, 0x54, 0x55, 0x53, 0x56: try pushText(opcode)
        case 0x5D, 0x61, 0x65, 0x6C, 0x29, 0x85, 0x86, 0x87, 0x74, 0x7D, 0x73, 0x75, 0x64, 0x8F, 0x90, 0x91:
            try performOnContainer(opcode)
        case 0x71, 0x72, 0x94, 0x70, 0x68, 0x6A, 0x67: try performOnMemo(opcode)
        case 0x63, 0x93, 0x52, 0x81, 0x92, 0x62, 0x51, 0x50: try performOnObject(opcode)
        default:
            // INST, OBJ, EXT1/2/4, NEXT_BUFFER and READONLY_BUFFER among them: no checkpoint has them.
            throw input.failure(.unsupported, "opcode 0x\(String(opcode, radix: 16))", at: opcodeOffset)
        }
    }

    private mutating func performOnMemo(_ opcode: UInt8) throws(VarveError) {
        switch opcode {
        case 0x71: memo[try input.unsigned(1)] = try top()  // BINPUT
        case 0x72: memo[try input.unsigned(4)] = try top()  // LONG_BINPUT
        case 0x94: memo[UInt64(memo.count)] = try top()  // MEMOIZE
        case 0x70: memo[try memoIndexLine()] = try top()  // PUT
        case 0x68: try recall(input.unsigned(1))  // BINGET
        case 0x6A: try recall(input.unsigned(4))  // LONG_BINGET
        default: try recall(memoIndexLine())  // GET
        }
    }

    private mutating func memoIndexLine() throws(VarveError) -> UInt64 {
        guard let index = UInt64(String(decoding: try input.line(), as: UTF8.self)) else {
            throw malformed("a memo index that is no number")
        }
        return index
    }

    private mutating func recall(_ index: UInt64) throws(VarveError) {
        guard let node = memo[index] else { throw malformed("memo entry \(index) was never set") }
        stack.append(node)
    }
}
