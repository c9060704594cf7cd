import FileSystem
import TensorFiles
import VarveTestSupport

/// Pickles: read as data, walked in every way that readers of checkpoints walk them.
enum PickleTarget {
    static func run(_ input: [UInt8]) throws {
        let source = MemorySource(input, name: "input")
        guard
            let tree = try BrokenPromise.allowing(
                [.truncated, .malformed, .unsupported], { () throws(VarveError) in try PickleTree.read(source) })
        else { return }
        // Every opcode makes one node or two, so a tree never outgrows its pickle.
        try BrokenPromise.unless(tree.nodes.count <= 2 * input.count + 8, "\(tree.nodes.count) nodes")
        func check(_ node: PickleTree.Node) throws {
            try BrokenPromise.unless(tree.nodes.indices.contains(Int(node)), "a node that is not there")
        }
        try check(tree.root)
        for (index, value) in tree.nodes.enumerated() {
            let node = PickleTree.Node(index)
            _ = (tree.text(node), tree.integer(node), tree.number(node), tree.isOrderedDictionary(node))
            _ = tree.value(node, "state")
            for pair in tree.pairs(node) ?? [] {
                try check(pair.key)
                try check(pair.value)
            }
            for element in tree.elements(node) ?? [] { try check(element) }
            guard case .object(let callable, let arguments, let state, let items, _) = value else { continue }
            for node in [callable, arguments] + (state.map { [$0] } ?? []) + items { try check(node) }
        }
    }

    static func seeds() throws -> [[UInt8]] {
        let made = HostileFiles.pickles.map(\.bytes).filter { $0.count < 4096 }
        let tensors = TorchMaker.pickle([TestTensor("a", shape: [2, 3], seed: 1)])
        return try Scratch.table("files/pickles.tsv").map { Scratch.bytes(hexadecimal: $0[2]) } + made + [tensors]
    }

    static let words = [
        "storage", "torch\n", "torch._utils\n_rebuild_tensor_v2\n", "torch._utils\n_rebuild_parameter\n",
        "torch._tensor\n_rebuild_from_type_v2\n", "torch._utils\n_rebuild_tensor_v3\n", "FloatStorage\n",
        "HalfStorage\n",
        "UntypedStorage\n", "collections\nOrderedDict\n", "torch\nSize\n", "cpu", "meta", "exp_avg", "exp_avg_sq",
        "state", "param_groups", "params", "step", "model", "optimizer",
    ]
}
