import FileSystem

extension PickleMachine {
    /// BININT, BININT1, BININT2, LONG1, LONG4, BINFLOAT and the lines INT, LONG, FLOAT.
    mutating func pushNumber(_ opcode: UInt8) throws(VarveError) {
        switch opcode {
        case 0x4A: try push(.int(Int64(Int32(truncatingIfNeeded: try input.unsigned(4)))))
        case 0x4B: try push(.int(Int64(try input.unsigned(1))))
        case 0x4D: try push(.int(Int64(try input.unsigned(2))))
        case 0x8A: try push(Self.integer(try input.bytes(try input.unsigned(1))))
        case 0x8B:
            let length = Int32(truncatingIfNeeded: try input.unsigned(4))
            guard length >= 0 else { throw malformed("an integer of negative length") }
            try push(Self.integer(try input.bytes(UInt64(length))))
        case 0x47: try push(.float(Double(bitPattern: try input.unsigned(8).byteSwapped)))
        case 0x49: try pushIntegerLine()
        case 0x4C:
            var text = try input.line()
            if text.last == UInt8(ascii: "L") { text.removeLast() }
            try push(try decimal(text))
        default:
            let text = String(decoding: try input.line(), as: UTF8.self)
            guard let value = Double(text), !text.contains(where: { $0 == "x" || $0 == "X" }) else {
                throw malformed("a float that is no number")
            }
            try push(.float(value))
        }
    }

    /// `I01` and `I00` are booleans, anything else an integer.
    private mutating func pushIntegerLine() throws(VarveError) {
        let text = try input.line()
        switch text {
        case [0x30, 0x31]: stack.append(Self.yes)
        case [0x30, 0x30]: stack.append(Self.no)
        default: try push(try decimal(text))
        }
    }

    /// The value of two's complement bytes, little-endian.
    static func integer(_ bytes: [UInt8]) -> PickleTree.Value {
        let sign: UInt8 = (bytes.last ?? 0) >> 7 == 1 ? 0xFF : 0
        var count = bytes.count
        // Leading sign bytes say nothing as long as the byte below has the same sign.
        while count > 1, bytes[count - 1] == sign, bytes[count - 2] >> 7 == sign >> 7 { count -= 1 }
        guard count <= 8 else { return .bigInt(Array(bytes[..<count])) }
        var value: UInt64 = sign == 0 ? 0 : .max
        for byte in bytes[..<count].reversed() { value = value << 8 | UInt64(byte) }
        return .int(Int64(bitPattern: value))
    }

    /// The value of decimal digits with an optional sign; at most 4300 of them, as in Python.
    private func decimal(_ text: [UInt8]) throws(VarveError) -> PickleTree.Value {
        if let small = Int64(String(decoding: text, as: UTF8.self)) { return .int(small) }
        let isNegative = text.first == UInt8(ascii: "-")
        let digits = isNegative || text.first == UInt8(ascii: "+") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.count <= 4300, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            throw malformed("an integer that is no number, or of more than 4300 digits")
        }
        var limbs: [UInt32] = []
        for digit in digits {
            var carry = UInt64(digit - 0x30)
            for index in limbs.indices {
                carry += UInt64(limbs[index]) * 10
                limbs[index] = UInt32(truncatingIfNeeded: carry)
                carry >>= 32
            }
            if carry > 0 { limbs.append(UInt32(carry)) }
        }
        limbs.append(0)
        if isNegative {
            var carry = true
            for index in limbs.indices {
                let (sum, overflow) = (~limbs[index]).addingReportingOverflow(carry ? 1 : 0)
                (limbs[index], carry) = (sum, overflow)
            }
        }
        return Self.integer(limbs.flatMap { limb in (0..<4).map { UInt8(truncatingIfNeeded: limb >> (8 * $0)) } })
    }
}
