/// Elements of a weight that a step's coefficients do not decide: those that it leaves as they were, bit for bit (padding
/// rows, masked weights, frozen rows), and those that are zero now.
///
/// The former keep the bits of the group's base. Stored as a symbol for each row (none, all held, some), then one for each
/// element of the rows that have some.
package struct HeldElements: Sendable, Equatable {
    /// An `Element` for every element, row by row; empty where all are free.
    package internal(set) var flags: [UInt8] = []

    package init() {}

    package var isEmpty: Bool { flags.isEmpty }

    enum Row { static let none: Int32 = 0, all: Int32 = 1, some: Int32 = 2 }
    enum Element { static let free: UInt8 = 0, held: UInt8 = 1, zero: UInt8 = 2 }

    /// The elements of `weight` that have the bits of `previous`, and those that are zero.
    ///
    /// A zero is held where the base has one, of either sign: a product with a mask changes the sign of its zeros from step to
    /// step. In 16 bits many elements agree by chance, so there only zeros and whole rows count.
    init(_ weight: [UInt8], _ previous: [UInt8], base: [UInt8], _ format: FloatFormat, _ form: MatrixForm) {
        let size = format.elementSize, width = form.columns
        guard weight.count == previous.count, weight.count == form.count * size, base.count == weight.count else {
            return
        }
        var found: [UInt8] = []
        weight.withUnsafeBytes { weight in
            previous.withUnsafeBytes { previous in
                base.withUnsafeBytes { base in
                    for row in 0..<form.rows {
                        let range = row * width * size..<(row + 1) * width * size
                        let line = UnsafeRawBufferPointer(rebasing: weight[range])
                        let before = UnsafeRawBufferPointer(rebasing: previous[range])
                        guard Self.mayHold(line, before, format) else { continue }
                        let flags = Self.flags(
                            line, before, base: UnsafeRawBufferPointer(rebasing: base[range]), format)
                        guard flags.contains(where: { $0 != Element.free }) else { continue }
                        if found.isEmpty { found = [UInt8](repeating: Element.free, count: form.count) }
                        found.replaceSubrange(row * width..<(row + 1) * width, with: flags)
                    }
                }
            }
        }
        flags = found
    }

    /// Whether any element agrees or is zero: a quick look that nearly all rows end at.
    @inline(__always)
    private static func mayHold(
        _ line: UnsafeRawBufferPointer, _ before: UnsafeRawBufferPointer, _ format: FloatFormat
    ) -> Bool {
        guard format == .f32 else { return true }
        var found: UInt32 = 0
        for index in 0..<line.count / 4 {
            let now = line.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self)
            let difference = now ^ before.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self)
            found |= (difference == 0 ? 1 : 0) | (now &<< 1 == 0 ? 1 : 0)
        }
        return found != 0
    }

    private static func flags(
        _ line: UnsafeRawBufferPointer, _ before: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer,
        _ format: FloatFormat
    ) -> [UInt8] {
        let size = format.elementSize, isNarrow = size == 2, count = line.count / size
        // One element is no row of anything.
        if isNarrow, count > 1, line.elementsEqual(before) { return [UInt8](repeating: Element.held, count: count) }
        return (0..<count).map { index in
            if format.isZero(line, at: index) { return format.isZero(base, at: index) ? Element.held : Element.zero }
            let range = index * size..<(index + 1) * size
            return !isNarrow && line[range].elementsEqual(before[range]) ? Element.held : Element.free
        }
    }

    // MARK: Symbols

    /// A symbol for each row, then for each element of the mixed ones.
    func symbols(_ form: MatrixForm) -> (rows: [Int32], elements: [Int32]) {
        var rows: [Int32] = [], elements: [Int32] = []
        for row in 0..<form.rows {
            let line = flags[row * form.columns..<(row + 1) * form.columns]
            let isFree = line.allSatisfy { $0 == Element.free }, isHeld = line.allSatisfy { $0 == Element.held }
            rows.append(isFree ? Row.none : isHeld ? Row.all : Row.some)
            if rows[row] == Row.some { elements += line.map { Int32($0) } }
        }
        return (rows, elements)
    }

    /// Classes of the elements of mixed rows: whether the base is zero there.
    static func classes(_ rows: [Int32], base: [UInt8], _ format: FloatFormat, _ form: MatrixForm) -> [UInt8] {
        var classes: [UInt8] = []
        base.withUnsafeBytes { base in
            for (row, symbol) in rows.enumerated() where symbol == Row.some {
                for column in 0..<form.columns {
                    classes.append(format.isZero(base, at: row * form.columns + column) ? 1 : 0)
                }
            }
        }
        return classes
    }

    /// What `symbols` wrote.
    init(rows: [Int32], elements: [Int32], _ form: MatrixForm) throws(CodecError) {
        flags = [UInt8](repeating: 0, count: form.count)
        var next = 0
        for (row, symbol) in rows.enumerated() {
            let start = row * form.columns
            switch symbol {
            case Row.none: break
            case Row.all: for index in start..<start + form.columns { flags[index] = Element.held }
            case Row.some:
                for index in start..<start + form.columns {
                    guard (0...Int32(Element.zero)).contains(elements[next]) else {
                        throw .corrupt("an element held in an unknown way")
                    }
                    flags[index] = UInt8(elements[next])
                    next += 1
                }
            default: throw .corrupt("a row held in an unknown way")
            }
        }
    }

    /// Puts the base's bits back where elements are held, and zeros where they are zero.
    func restore(_ bytes: inout [UInt8], from base: [UInt8], _ format: FloatFormat) {
        let size = format.elementSize
        for (index, flag) in flags.enumerated() where flag != Element.free {
            for byte in index * size..<(index + 1) * size { bytes[byte] = flag == Element.held ? base[byte] : 0 }
        }
    }

    /// Whether `other` has the bits of `base`, or a zero as it has, wherever elements are held.
    func agree(_ base: [UInt8], _ other: [UInt8], _ format: FloatFormat) -> Bool {
        let size = format.elementSize
        return base.withUnsafeBytes { base in
            other.withUnsafeBytes { other in
                for (index, flag) in flags.enumerated() where flag == Element.held {
                    let range = index * size..<(index + 1) * size
                    guard
                        base[range].elementsEqual(other[range])
                            || format.isZero(base, at: index) && format.isZero(other, at: index)
                    else { return false }
                }
                return true
            }
        }
    }
}

extension FloatFormat {
    /// Whether an element is zero, of either sign.
    @inline(__always)
    func isZero(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Bool {
        switch self {
        case .f32: bytes.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self) & 0x7fff_ffff == 0
        case .bf16, .f16: bytes.loadUnaligned(fromByteOffset: index &* 2, as: UInt16.self) & 0x7fff == 0
        case .f64: bytes.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self) & 0x7fff_ffff_ffff_ffff == 0
        }
    }
}
