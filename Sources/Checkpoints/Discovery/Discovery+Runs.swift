import FileSystem

extension Discovery {
    /// The directories of several runs, where that is what there is; empty where all checkpoints are of one.
    ///
    /// Checkpoints of one run lie beside each other. Those in a directory below others are older ones put aside, unless
    /// they have the same numbers and other bytes.
    func severalRuns() -> [String] {
        let fixed = (candidates + rivals).filter { !$0.isMoving }
        let homes = Set((fixed.isEmpty ? candidates : fixed).map { home(of: $0) })
        guard homes.count > 1 else { return [] }
        let rivalHomes = Set(rivals.filter { !$0.isMoving }.map { home(of: $0) })
        let top = homes.min { $0.utf8.count < $1.utf8.count } ?? ""
        let isNested = homes.allSatisfy { top.isEmpty || $0 == top || $0.hasPrefix(top + "/") }
        if isNested, homes.contains(top), rivalHomes.isEmpty { return [] }
        return homes.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The directory in which a checkpoint and its like lie.
    func home(of candidate: StepCandidate) -> String {
        let parent = Paths.split(candidate.path).directory
        return parent == "." ? "" : parent
    }
}
