import FileSystem

/// How many steps have to be decoded, one after the other, to have a tensor that a step stores exactly.
///
/// It follows from the manifests alone, so that a step is coded the same way whether or not the steps before it were
/// encoded by the same process.
enum ChainLengths {
    /// Of all tensors of a step for which it is not zero.
    /// - Parameter predecessor: the step that one builds on.
    static func of(
        _ step: OpenStep, predecessor: (OpenStep) throws(VarveError) -> OpenStep?
    ) throws(VarveError) -> [TensorIdentity: Int] {
        var levels: [[Link]] = []
        var current = step, wanted = Set(step.manifest.tensors.map(\.identity)), visited: Set<Int> = []
        while true {
            let links = links(of: wanted, in: current.manifest)
            levels.append(links)
            wanted = Set(links.flatMap(\.needed))
            guard !wanted.isEmpty, let before = try predecessor(current) else { break }
            guard visited.insert(before.manifest.number).inserted else {
                throw VarveError(.damaged, "the chain runs in a circle", file: current.manifestPath)
            }
            current = before
        }
        var lengths: [TensorIdentity: Int] = [:]
        while let links = levels.popLast() {
            var next: [TensorIdentity: Int] = [:]
            for link in links {
                let before = link.needed.map { lengths[$0] ?? 0 }.max() ?? 0
                for tensor in link.tensors { next[tensor] = before + link.steps }
            }
            lengths = next
        }
        return lengths
    }

    /// Tensors that are decoded in one go, and what of the step before they need.
    private struct Link {
        var tensors: [TensorIdentity]
        var needed: [TensorIdentity]
        var steps = 1
    }

    private static func links(of wanted: Set<TensorIdentity>, in manifest: StepManifest) -> [Link] {
        var result: [Link] = [], groups: [Int: Link] = [:], touched: Set<Int> = []
        for tensor in manifest.tensors {
            let identity = tensor.identity
            switch tensor.coding {
            case .packed(let group, _, let depth):
                groups[group, default: Link(tensors: [], needed: [])].tensors.append(identity)
                if depth > 0 { groups[group]?.needed.append(identity) }
                if wanted.contains(identity) { touched.insert(group) }
            case .unchanged where wanted.contains(identity):
                result.append(Link(tensors: [identity], needed: [identity], steps: 0))
            case .sameAs, .copy, .excp, .transform, .unchanged, .state: break
            }
        }
        for group in touched.sorted() {
            if let link = groups[group], !link.needed.isEmpty { result.append(link) }
        }
        return result
    }
}
