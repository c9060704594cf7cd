import TensorFiles
import FileSystem

/// OLMo-core: `stepN/{train/rankR.pt, model_and_optim/}` and, written last, `.metadata.json`.
enum OLMoFolders: CompletenessRule {
    static let marker = ".metadata.json"

    static func fault(
        in folder: CheckpointFolder, beside siblings: [CheckpointFolder]
    ) throws(VarveError) -> VarveError? {
        guard folder.folders.contains("model_and_optim") else { return nil }
        guard folder.has(marker) else {
            return folder.incomplete("\(marker), which is written last, is missing", marker)
        }
        let pieces = folder.folder("model_and_optim")
        if !pieces.has(DistributedPieces.list) {
            return pieces.incomplete("\(DistributedPieces.list) is missing", DistributedPieces.list)
        }
        let train = folder.folder("train")
        let there = Set(train.files.filter { $0.hasPrefix("rank") && $0.hasSuffix(".pt") })
        guard let tree = there.sorted().lazy.compactMap({ train.torchTree($0) }).first,
            let size = tree.value(tree.root, "world_size").flatMap({ tree.integer($0) }), (1...1 << 20).contains(size)
        else {
            return folder.folders.contains("train")
                ? train.incomplete("no rank has written its state", "rank0.pt") : nil
        }
        for rank in 0..<size where !there.contains("rank\(rank).pt") {
            return train.incomplete("\(there.count) of \(size) ranks have written theirs", "rank\(rank).pt")
        }
        return nil
    }
}
