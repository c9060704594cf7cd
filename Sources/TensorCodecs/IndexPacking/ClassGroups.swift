/// Which classes share a table.
struct ClassGroups {
    /// Group of each class; 0 for classes that do not occur.
    private(set) var groups = [UInt8](repeating: 0, count: IndexPacking.classLimit)
    /// For each class that occurs, in ascending order: whether it begins a group.
    private(set) var begins: [Bool] = []
    private(set) var tables: [SymbolTable] = []

    /// Merges neighbours while that makes everything smaller, the best pair first.
    init(_ classes: [(value: UInt8, histogram: LevelHistogram)]) {
        var designs = classes.map { SymbolTableDesign($0.histogram) }
        var members = classes.map { [$0.value] }
        var unions = designs.indices.dropLast().map { Self.union(designs[$0], designs[$0 + 1]) }
        while true {
            var best = (index: -1, gain: UInt64(0))
            for (i, union) in unions.enumerated() {
                let apart = designs[i].cost + designs[i + 1].cost
                if union.cost < apart, apart - union.cost > best.gain { best = (i, apart - union.cost) }
            }
            guard best.index >= 0 else { break }
            let i = best.index
            designs[i] = unions[i]
            members[i] += members[i + 1]
            designs.remove(at: i + 1)
            members.remove(at: i + 1)
            unions.remove(at: i)
            if i > 0 { unions[i - 1] = Self.union(designs[i - 1], designs[i]) }
            if i < unions.count { unions[i] = Self.union(designs[i], designs[i + 1]) }
        }
        tables = designs.map { $0.refined().table }
        for (group, classes) in members.enumerated() {
            for (i, value) in classes.enumerated() {
                groups[Int(value)] = UInt8(group)
                begins.append(i == 0)
            }
        }
    }

    private static func union(_ first: SymbolTableDesign, _ second: SymbolTableDesign) -> SymbolTableDesign {
        var histogram = first.histogram
        histogram.add(second.histogram)
        return SymbolTableDesign(histogram)
    }

    /// Reads what `write` wrote.
    /// - Parameter occurring: the classes that occur, in ascending order.
    /// - Throws: `.corrupt`.
    init(_ bytes: ArraySlice<UInt8>, occurring: [Int]) throws(CodecError) {
        var reader = BitReader(bytes)
        let layout = try SymbolTableLayout(from: &reader)
        var group: UInt8 = 0
        for (i, value) in occurring.enumerated() {
            if i > 0 { group += UInt8(try reader.read(1)) }
            groups[value] = group
        }
        for _ in 0...group { tables.append(try SymbolTable.read(from: &reader, layout)) }
        try reader.expectEnd()
    }

    func write() -> [UInt8] {
        var writer = BitWriter()
        let layout = SymbolTableLayout(tables)
        layout.write(to: &writer)
        for begin in begins.dropFirst() { writer.append(begin ? 1 : 0, bits: 1) }
        for table in tables { table.write(to: &writer, layout) }
        return writer.finish()
    }
}
