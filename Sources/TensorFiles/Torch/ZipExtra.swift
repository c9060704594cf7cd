/// The 64-bit values of an entry's ZIP64 extra field, taken one after the other.
struct ZipExtra {
    private var values: ArraySlice<UInt8> = []

    /// - Parameter field: the whole extra field; a broken one counts as having no 64-bit values.
    init(_ field: ArraySlice<UInt8>) {
        var rest = field
        while rest.count >= 4 {
            let start = rest.startIndex
            let kind = UInt16(rest[start]) | UInt16(rest[start + 1]) << 8
            let count = Int(rest[start + 2]) | Int(rest[start + 3]) << 8
            rest = rest.dropFirst(4)
            guard count <= rest.count else { return }
            if kind == 1 {
                values = rest.prefix(count)
                return
            }
            rest = rest.dropFirst(count)
        }
    }

    /// `fixed` itself, or the next 64-bit value where `fixed` is saturated. `nil` where there is none left.
    mutating func value(for fixed: UInt32) -> UInt64? {
        guard fixed == .max else { return UInt64(fixed) }
        guard values.count >= 8 else { return nil }
        let value = values.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        values = values.dropFirst(8)
        return value
    }
}
