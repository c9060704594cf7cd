/// Names of tensors as a tree of their components, with each text once.
struct NameTree {
    /// Texts by number.
    private(set) var strings: [String] = []
    /// Of each node the node that it hangs on; -1 at the top.
    private(set) var parents: [Int] = []
    /// Of each node the number of its text.
    private(set) var texts: [Int] = []

    private struct Branch: Hashable {
        var parent: Int
        var text: Int
    }

    private var numbers: [String: Int] = [:]
    private var nodes: [Branch: Int] = [:]

    /// A name has at most so many levels and characters here: a page is for people, and may not grow without bound.
    private static let mostLevels = 12, mostLetters = 400

    /// The number of a text.
    mutating func number(of text: String) -> Int {
        if let number = numbers[text] { return number }
        numbers[text] = strings.count
        strings.append(text)
        return strings.count - 1
    }

    /// The node of a name, made where there is none.
    mutating func node(of name: String) -> Int {
        let short = HTMLText.shortened(name, most: Self.mostLetters)
        var parent = -1
        for part in short.split(separator: ".", maxSplits: Self.mostLevels - 1, omittingEmptySubsequences: false) {
            let branch = Branch(parent: parent, text: number(of: String(part)))
            if let node = nodes[branch] {
                parent = node
                continue
            }
            nodes[branch] = parents.count
            parents.append(branch.parent)
            texts.append(branch.text)
            parent = parents.count - 1
        }
        return parent
    }
}
