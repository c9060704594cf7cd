import FileSystem
import TensorFiles

/// What several files of a step have to say alike. A file of another step among them is told by it.
struct Agreement {
    /// The subject of the sentence where they differ.
    private let what: String
    private var values: [(text: String, path: String)] = []

    init(_ what: String) { self.what = what }

    /// What a file says; one that says nothing contradicts no other.
    mutating func add(_ text: String?, _ path: String) {
        if let text { values.append((text, path)) }
    }

    /// Takes part with a number: 60 and 60.0 are the same.
    mutating func add(_ number: Double?, _ path: String) { add(number.map(Self.text), path) }

    /// - Throws: `.malformed` with the first file that says something else than most do.
    func check() throws(VarveError) {
        var votes: [String: Int] = [:]
        for (text, _) in values { votes[text, default: 0] += 1 }
        guard votes.count > 1, let first = values.first else { return }
        let most = votes.values.max() ?? 0
        // Where as many say one thing as the other, the first file is right.
        let usual = votes[first.text] == most ? first : values.first { votes[$0.text] == most } ?? first
        guard let odd = values.first(where: { $0.text != usual.text }) else { return }
        throw VarveError(
            .malformed, "\(what) is \(odd.text) here and \(usual.text) in \(usual.path): they are of different steps",
            file: odd.path)
    }

    static func text(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? "\(number)" }
}

extension RankFile {
    /// A number, or the only element of a tensor; `nil` for anything else.
    func scalar(_ node: PickleTree.Node) -> Double? {
        if let number = tree.number(node) { return number }
        guard let index = tensorIndex(node), file.tensors[index.tensor].count == 1 else { return nil }
        return (try? TensorSampler.values(of: index.tensor, in: file, runs: [0..<1]))?.first.map { Double($0) }
    }

    /// A text, or a number in decimal.
    func text(_ node: PickleTree.Node) -> String? { tree.string(node) ?? tree.number(node).map(Agreement.text) }
}
