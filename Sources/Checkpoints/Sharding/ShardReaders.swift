import FileSystem
import TensorFiles

/// Tells who reads the tensors of a step that lie in shards.
enum ShardReaders {
    /// What a step's shards hold; `nil` where there are none, or where they are understood by nobody.
    /// - Throws: `.malformed`, `.truncated`, `.incomplete` with file and tensor where shards contradict each other.
    static func inventory(_ files: [StepFile]) throws(VarveError) -> StepInventory? {
        do throws(VarveError) {
            guard let inventory = try read(files) else { return nil }
            // Files that only have the names of shards hide nothing of what lies beside them.
            return inventory.dictionaries.isEmpty && inventory.optimizers.isEmpty ? nil : inventory
        } catch  where error.code == .unsupported {
            var inventory = StepInventory(stateDictsIn: files)
            inventory.notes.append("the shards are kept exactly: \(error.description)")
            inventory.unreadPieces = error.message
            return inventory
        }
    }

    private static func read(_ files: [StepFile]) throws(VarveError) -> StepInventory? {
        if files.contains(where: { DCPLayout.isPiece($0.path) }) { return try DCPReader.inventory(files) }
        if files.contains(where: { DeepSpeedLayout.owns($0.path) }) { return try DeepSpeedReader.inventory(files) }
        if files.contains(where: { MegatronLayout.owns($0.path) }) { return try MegatronReader.inventory(files) }
        if files.contains(where: { RankFilesReader.rank(of: $0.path) != nil }) {
            return try RankFilesReader.inventory(files)
        }
        return nil
    }
}
