import FileSystem

/// What must lie in a folder of a checkpoint for the checkpoint to be whole, by one framework's habits.
///
/// A rule looks at what the files themselves say (world sizes, lists of pieces, markers that are written last), never at
/// how many files other checkpoints have: runs are resumed on another number of ranks.
protocol CompletenessRule: SendableMetatype {
    /// What is missing, if the folder is one that the rule knows.
    /// - Parameter siblings: the checkpoints beside this one, for markers that any of them has; none for folders inside.
    /// - Throws: what keeps a list of pieces from being read.
    static func fault(
        in folder: CheckpointFolder, beside siblings: [CheckpointFolder]
    ) throws(VarveError) -> VarveError?
}

/// Whether a checkpoint directory is whole: every rule on every folder in it, because layouts nest (a Trainer's
/// checkpoint holds DeepSpeed's or a distributed one).
enum Completeness {
    private static let rules: [any CompletenessRule.Type] = [
        TrainerFiles.self, LastMarkers.self, OLMoFolders.self, MegatronRanks.self, DistributedPieces.self,
        DeepSpeedRanks.self, DeepSpeedExperts.self, DeepSpeedUniversal.self, NamedRanks.self,
        OrbaxStores.self,
    ]

    /// - Parameter siblings: the checkpoints beside it, itself among them: it lacks what is looked for in them.
    static func fault(
        of directory: String, beside siblings: [CheckpointFolder], _ scan: RunScan
    ) -> VarveError? {
        let inner = scan.subtree(directory).filter { $0.identity.kind == .directory && $0.path != directory }
        for path in [directory] + inner.map(\.path) {
            let folder = CheckpointFolder(path, in: scan)
            for rule in rules {
                do throws(VarveError) {
                    if let fault = try rule.fault(in: folder, beside: path == directory ? siblings : []) {
                        return fault
                    }
                } catch {
                    return error
                }
            }
        }
        return nil
    }
}
