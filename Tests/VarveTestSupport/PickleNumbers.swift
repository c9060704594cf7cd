/// The whole numbers of a pickle, alone or within a torch file: where they are, and under which key, so that they can be
/// changed one by one.
public struct PickleNumbers: Sendable {
    public struct Number: Sendable {
        /// The string before it: the key of a dict, if it is the value under that.
        public var key: String
        /// The string before that one.
        public var keyBefore: String
        public var value: Int
        /// Its little-endian bytes in the file.
        var range: Range<Int>
    }

    /// In file order.
    public private(set) var numbers: [Number] = []
    private let bytes: [UInt8]

    /// Empty for what is no pickle. Opcodes that no checkpoint has end the list.
    public init(_ file: [UInt8]) {
        bytes = file
        var start = 0
        // torch writes the pickle first. It ends with STOP, so its size need not be known.
        if file.count > 30, file.starts(with: [0x50, 0x4B, 3, 4]) { start = 30 + integer(26..<28) + integer(28..<30) }
        guard start + 1 < file.count, file[start] == 0x80 else { return }
        walk(start..<file.count)
    }

    /// The numbers under a key.
    public subscript(key: String) -> [Number] { numbers.filter { $0.key == key } }

    /// The file with another value for a number, cut to the bytes that it has.
    public func file(_ number: Number, _ value: Int) -> [UInt8] {
        var file = bytes
        for (index, position) in number.range.enumerated() {
            file[position] = UInt8(truncatingIfNeeded: index < 8 ? value >> (8 * index) : value < 0 ? -1 : 0)
        }
        return file
    }

    private mutating func walk(_ range: Range<Int>) {
        var position = range.lowerBound
        var memo: [Int: String] = [:]
        var memoized = 0
        var (key, keyBefore) = ("", "")
        var last: String?
        while position < range.upperBound {
            let opcode = bytes[position]
            position += 1
            guard let size = argument(opcode, position, range.upperBound), size.end <= range.upperBound else { return }
            let body = size.start..<size.end
            position = size.end
            switch opcode {
            case 0x2E: return
            case 0x58, 0x8C, 0x8D:
                (keyBefore, key) = (key, String(decoding: bytes[body], as: UTF8.self))
                last = key
                continue
            // BINPUT, LONG_BINPUT, MEMOIZE: of what came last.
            case 0x71, 0x72: memo[integer(body)] = last
            case 0x94:
                memo[memoized] = last
                memoized += 1
            case 0x68, 0x6A:
                if let text = memo[integer(body)] { (keyBefore, key) = (key, text) }
            case 0x4B, 0x4D, 0x4A, 0x8A:
                if !body.isEmpty, body.count <= 8 {
                    numbers.append(Number(key: key, keyBefore: keyBefore, value: integer(body, opcode), range: body))
                }
            default: break
            }
            last = nil
        }
    }

    /// The body of an opcode's argument; its end is the next opcode. `nil` for opcodes that no checkpoint has.
    private func argument(_ opcode: UInt8, _ at: Int, _ limit: Int) -> (start: Int, end: Int)? {
        func counted(_ width: Int) -> (Int, Int)? {
            guard at + width <= limit else { return nil }
            let count = integer(at..<at + width)
            return count >= 0 && count <= limit ? (at + width, at + width + count) : nil
        }
        switch opcode {
        case 0x80, 0x4B, 0x71, 0x68: return (at, at + 1)
        case 0x4D: return (at, at + 2)
        case 0x4A, 0x72, 0x6A: return (at, at + 4)
        case 0x47, 0x95: return (at, at + 8)
        case 0x55, 0x43, 0x8C, 0x8A: return counted(1)
        case 0x58, 0x54, 0x42, 0x8B: return counted(4)
        case 0x8D, 0x8E: return counted(8)
        case 0x63, 0x69: return lines(2, at, limit)
        case 0x28...0x32, 0x4E, 0x51, 0x52, 0x5D, 0x61, 0x62, 0x64, 0x65, 0x6C, 0x6F, 0x73...0x75, 0x7D, 0x81,
            0x85...0x89, 0x8F...0x94:
            return (at, at)
        default: return nil
        }
    }

    private func lines(_ count: Int, _ at: Int, _ limit: Int) -> (start: Int, end: Int)? {
        var position = at
        for _ in 0..<count {
            guard let end = bytes[position..<limit].firstIndex(of: 0x0A) else { return nil }
            position = end + 1
        }
        return (at, position)
    }

    /// Little-endian; BININT and LONG1 have a sign.
    private func integer(_ range: Range<Int>, _ opcode: UInt8 = 0) -> Int {
        var value: UInt64 = 0
        for (index, byte) in bytes[range].enumerated().prefix(8) { value |= UInt64(byte) << UInt64(8 * index) }
        let isSigned = opcode == 0x4A || opcode == 0x8A
        let unused = 64 - 8 * min(8, range.count)
        guard isSigned else { return Int(truncatingIfNeeded: value) }
        return Int(Int64(bitPattern: value << UInt64(unused)) >> Int64(unused))
    }
}
