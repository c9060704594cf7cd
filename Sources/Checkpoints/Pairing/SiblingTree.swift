/// Names as a tree of numbered parents and children, so that an order of siblings becomes an order of the names without
/// looking at a string again.
///
/// All layers of a stack are one parent, `layers.#`.
struct SiblingTree {
    /// By parent, the children's numbers in some order. Parents are numbered in the order of their names.
    typealias Children = [[Int]]

    /// By parent, its children's names.
    private let names: [[String]]
    /// By parent and child: whether it is a tensor itself. A module's own come before those of the modules in it.
    private let isOwn: [[Bool]]
    /// The sort keys of all names, one after the other; ranks are filled in by `order`, layer numbers stand here.
    private let template: [Int]
    /// Where a key has the rank of which child of which parent.
    private let ranks: [(templateIndex: Int, parent: Int, child: Int)]
    /// Where each name's key begins, and the end of the last.
    private let starts: [Int]
    /// The natural order: own tensors first, otherwise what words usually mean.
    private(set) var natural: Children

    init(_ paths: [[String]]) {
        var found: Set<String> = []
        for path in paths {
            var parent = ""
            for part in path {
                found.insert(parent)
                parent = ModelFamilies.step(parent, part).next
            }
        }
        let parents = Dictionary(uniqueKeysWithValues: found.sorted().enumerated().map { ($1, $0) })
        var names = [[String]](repeating: [], count: parents.count)
        var numbers = [[String: Int]](repeating: [:], count: parents.count)
        var isOwn = [[Bool]](repeating: [], count: parents.count)
        // Children are numbered as they come in the natural order.
        for position in ModelFamilies.naturalOrder(paths) {
            var key = ""
            for (depth, part) in paths[position].enumerated() {
                let (child, next) = ModelFamilies.step(key, part)
                guard let parent = parents[key] else { continue }
                let number = numbers[parent][child] ?? names[parent].count
                if number == names[parent].count {
                    numbers[parent][child] = number
                    names[parent].append(child)
                    isOwn[parent].append(false)
                }
                if depth == paths[position].count - 1, child == part { isOwn[parent][number] = true }
                key = next
            }
        }
        var template: [Int] = [], starts = [0], ranks: [(templateIndex: Int, parent: Int, child: Int)] = []
        for path in paths {
            var key = ""
            for part in path {
                let (child, next) = ModelFamilies.step(key, part)
                if let parent = parents[key], let number = numbers[parent][child] {
                    ranks.append((template.count, parent, number))
                }
                template.append(0)
                if let number = Int(part) { template.append(number) }
                key = next
            }
            starts.append(template.count)
        }
        (self.names, self.isOwn, self.template, self.starts, self.ranks) = (names, isOwn, template, starts, ranks)
        natural = names.indices.map { parent in
            names[parent].indices.filter { isOwn[parent][$0] } + names[parent].indices.filter { !isOwn[parent][$0] }
        }
    }

    /// Whether own tensors come first.
    func isOwnFirst(_ siblings: [Int], of parent: Int) -> Bool {
        var others = false
        for child in siblings {
            if !isOwn[parent][child] { others = true } else if others { return false }
        }
        return true
    }

    /// Whether these are all tensors themselves, or none is.
    func isOneKind(_ siblings: ArraySlice<Int>, of parent: Int) -> Bool {
        guard let first = siblings.first else { return true }
        return siblings.allSatisfy { isOwn[parent][$0] == isOwn[parent][first] }
    }

    /// Whether the order of these siblings may be another one.
    func isOpen(_ parent: Int) -> Bool { names[parent].count > 1 && !ModelFamilies.isLeaves(names[parent]) }

    /// The positions of the names in the order that these orders of siblings make.
    func order(_ children: Children) -> [Int] {
        var rankOf = children
        for (parent, siblings) in children.enumerated() {
            for (rank, child) in siblings.enumerated() { rankOf[parent][child] = rank }
        }
        var keys = template
        for (templateIndex, parent, child) in ranks { keys[templateIndex] = rankOf[parent][child] }
        return keys.withUnsafeBufferPointer { keys in
            (0..<starts.count - 1).sorted { a, b in
                var (i, j) = (starts[a], starts[b])
                while i < starts[a + 1], j < starts[b + 1] {
                    if keys[i] != keys[j] { return keys[i] < keys[j] }
                    i += 1
                    j += 1
                }
                // One is the beginning of the other, or they are alike: the shorter, then the first.
                let (left, right) = (starts[a + 1] - i, starts[b + 1] - j)
                return left != right ? left < right : a < b
            }
        }
    }
}
