import ChainArchive
import FileSystem

/// What workers left of steps that are not committed. It is not of the archive yet, so nothing that is wrong with it is
/// corruption; `PartWorker` makes it again.
extension Verifier {
    /// The parts of each step: which are there and as their receipts say, which are to be run.
    func pendingParts(_ reader: ArchiveReader) throws(VarveError) -> [Result.Pending] {
        var result: [Result.Pending] = []
        for step in try reader.pending() {
            var damaged: [Int] = []
            for index in 0..<step.count {
                for receipt in [step.tensors[index], step.payload[index]].compactMap({ $0 })
                where try receipt.isDamaged(in: step.directory) {
                    if damaged.last != index { damaged.append(index) }
                }
            }
            let missing = Set(step.missing).subtracting(damaged).sorted()
            result.append(
                .init(
                    step: step.number, count: step.count, missing: missing, damaged: damaged,
                    contradictions: step.contradictions))
        }
        return result
    }
}
