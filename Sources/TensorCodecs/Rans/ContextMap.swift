/// Which classes share a table.
struct ContextMap {
    /// Group of each class; 0 for classes that do not occur.
    private(set) var groups = [UInt8](repeating: 0, count: RansCoder.classLimit)
    /// For each class that occurs, in ascending order: whether it begins a group.
    private(set) var begins: [Bool] = []
    private(set) var tables: [SymbolTable] = []

    /// How the encoder finds out what two classes cost together.
    enum Effort {
        /// By the table that they would get.
        case thorough
        /// By their entropy and a guess at the table's size: where classes are many and levels dense, tables are alike.
        case quick
    }

    /// Merges neighbours while that makes everything smaller, the best pair first.
    init(_ classes: [(value: UInt8, histogram: LevelHistogram)], _ effort: Effort = .thorough) {
        var members = classes.map { [$0.value] }
        switch effort {
        case .thorough:
            let designs = Self.merged(
                classes.map { SymbolTableDesign($0.histogram) }, &members, cost: \.cost, union: Self.union)
            tables = designs.map { $0.refined().table }
        case .quick:
            let histograms = Self.merged(
                classes.map { (histogram: $0.histogram, cost: $0.histogram.estimatedCost) }, &members, cost: \.cost
            ) { first, second in
                var histogram = first.histogram
                histogram.add(second.histogram)
                return (histogram, histogram.estimatedCost)
            }
            tables = histograms.map { SymbolTableDesign.fine($0.histogram).table }
        }
        assign(members)
    }

    private static func merged<Group>(
        _ groups: [Group], _ members: inout [[UInt8]], cost: (Group) -> UInt64, union: (Group, Group) -> Group
    ) -> [Group] {
        var groups = groups
        var unions = groups.indices.dropLast().map { union(groups[$0], groups[$0 + 1]) }
        while true {
            var best = (index: -1, gain: UInt64(0))
            for (i, union) in unions.enumerated() {
                let apart = cost(groups[i]) + cost(groups[i + 1]), together = cost(union)
                if together < apart, apart - together > best.gain { best = (i, apart - together) }
            }
            guard best.index >= 0 else { return groups }
            let i = best.index
            groups[i] = unions[i]
            members[i] += members[i + 1]
            groups.remove(at: i + 1)
            members.remove(at: i + 1)
            unions.remove(at: i)
            if i > 0 { unions[i - 1] = union(groups[i - 1], groups[i]) }
            if i < unions.count { unions[i] = union(groups[i], groups[i + 1]) }
        }
    }

    private mutating func assign(_ members: [[UInt8]]) {
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
