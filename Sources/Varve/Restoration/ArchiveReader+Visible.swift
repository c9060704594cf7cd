import ChainArchive
import TensorFiles

extension ArchiveReader {
    /// - Throws: `.usage` if the archive has no such step or it was forgotten, with what would help.
    func checkIsVisible(_ number: Int) throws(VarveError) {
        if let mark = forgotten.marks[number], mark.extent == .whole {
            throw VarveError(
                .usage,
                "step \(number) was forgotten"
                    + (mark.pruned == .whole ? " and pruned" : "; `Archive.undoForget(\(number))` brings it back"),
                file: layout.root)
        }
        guard steps.contains(number) else {
            guard !steps.isEmpty else { throw VarveError(.usage, "the archive has no steps", file: layout.root) }
            let known = steps.map(String.init).joined(separator: ", ")
            throw VarveError(.usage, "the archive has no step \(number); it has \(known)", file: layout.root)
        }
    }
}
