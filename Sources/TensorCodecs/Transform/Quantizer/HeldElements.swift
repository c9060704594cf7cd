/// Elements of a weight that a step leaves as they were, bit for bit: padding rows, masked weights, frozen rows.
///
/// They keep the bits of the group's base, whatever the coefficients say. Stored as a symbol for each row (none, all, some),
/// then one for each element of the rows that hold some.
package struct HeldElements: Sendable, Equatable {
    /// 1 for every element that is held, row by row; empty where none is.
    package internal(set) var flags: [UInt8] = []

    package init() {}

    package var isEmpty: Bool { flags.isEmpty }

    enum Row { static let none: Int32 = 0, all: Int32 = 1, some: Int32 = 2 }

    /// The elements of `weight` that have the bits of `previous`.
    ///
    /// In 16 bits many elements agree by chance, so there only zeros and whole rows count.
    init(_ weight: [UInt8], _ previous: [UInt8], _ format: FloatFormat, _ form: MatrixForm) {
        let size = format.elementSize, width = form.columns
        guard weight.count == previous.count, weight.count == form.count * size else { return }
        var found: [UInt8] = []
        weight.withUnsafeBytes { weight in
            previous.withUnsafeBytes { previous in
                for row in 0..<form.rows {
                    let range = row * width * size..<(row + 1) * width * size
                    let line = UnsafeRawBufferPointer(rebasing: weight[range])
                    let before = UnsafeRawBufferPointer(rebasing: previous[range])
                    guard Self.mayAgree(line, before, format) else { continue }
                    let flags = Self.flags(line, before, format, isNarrow: size == 2)
                    guard flags.contains(1) else { continue }
                    if found.isEmpty { found = [UInt8](repeating: 0, count: form.count) }
                    found.replaceSubrange(row * width..<(row + 1) * width, with: flags)
                }
            }
        }
        flags = found
    }

    /// Whether any element agrees: a quick look that nearly all rows end at.
    @inline(__always)
    private static func mayAgree(
        _ line: UnsafeRawBufferPointer, _ before: UnsafeRawBufferPointer, _ format: FloatFormat
    ) -> Bool {
        guard format == .f32 else { return true }
        var found: UInt32 = 0
        for index in 0..<line.count / 4 {
            let difference =
                line.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self)
                ^ before.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self)
            found |= difference == 0 ? 1 : 0
        }
        return found != 0
    }

    private static func flags(
        _ line: UnsafeRawBufferPointer, _ before: UnsafeRawBufferPointer, _ format: FloatFormat, isNarrow: Bool
    ) -> [UInt8] {
        let size = format.elementSize, count = line.count / size
        var flags = [UInt8](repeating: 0, count: count), equal = 0
        for index in 0..<count {
            let range = index * size..<(index + 1) * size
            let agrees = line[range].elementsEqual(before[range])
            equal += agrees ? 1 : 0
            flags[index] = agrees && (!isNarrow || format.isZero(line, at: index)) ? 1 : 0
        }
        // One element is no row of anything.
        if isNarrow, equal == count, count > 1 { return [UInt8](repeating: 1, count: count) }
        return flags
    }

    // MARK: Symbols

    /// A symbol for each row, then for each element of the mixed ones.
    func symbols(_ form: MatrixForm) -> (rows: [Int32], elements: [Int32]) {
        var rows: [Int32] = [], elements: [Int32] = []
        for row in 0..<form.rows {
            let line = flags[row * form.columns..<(row + 1) * form.columns]
            let held = line.reduce(0) { $0 + Int($1) }
            rows.append(held == 0 ? Row.none : held == line.count ? Row.all : Row.some)
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
            case Row.all: for index in start..<start + form.columns { flags[index] = 1 }
            case Row.some:
                for index in start..<start + form.columns {
                    guard elements[next] == 0 || elements[next] == 1 else {
                        throw .corrupt("an element neither held nor not")
                    }
                    flags[index] = UInt8(elements[next])
                    next += 1
                }
            default: throw .corrupt("a row held in an unknown way")
            }
        }
    }

    /// Puts the base's bits back where elements are held.
    func restore(_ bytes: inout [UInt8], from base: [UInt8], _ format: FloatFormat) {
        let size = format.elementSize
        for (index, flag) in flags.enumerated() where flag == 1 {
            for byte in index * size..<(index + 1) * size { bytes[byte] = base[byte] }
        }
    }

    /// Whether `other` has the bits of `base` wherever elements are held.
    func agree(_ base: [UInt8], _ other: [UInt8], _ format: FloatFormat) -> Bool {
        let size = format.elementSize
        for (index, flag) in flags.enumerated() where flag == 1 {
            for byte in index * size..<(index + 1) * size where base[byte] != other[byte] { return false }
        }
        return true
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
