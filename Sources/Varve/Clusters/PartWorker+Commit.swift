import ChainArchive
import Checkpoints
import FileSystem

/// Making steps visible, and waiting for others.
extension PartWorker {
    /// Makes steps visible whose receipts are all there.
    func commit() throws(VarveError) {
        guard part.commits else { return }
        while let next = expected.first {
            let reader = try ArchiveReader(layout.root)
            if !reader.stored.contains(next.number) {
                guard try next.missing().isEmpty else { return }
                guard let outcome = try committer.commit(next.number, count: share.count) else { return }
                result.committed.append(next.number)
                for note in outcome { tell("step \(next.number): \(note)") }
            }
            expected.removeFirst()
        }
    }

    static func isThere(_ path: String) throws(VarveError) -> Bool {
        do throws(VarveError) {
            _ = try FileIdentity(path: path)
            return true
        } catch  where error.code == .notFound {
            return false
        }
    }

    /// Waits until a step is visible, as long as patience lasts, and commits it if nobody else does.
    func waitUntilVisible(_ number: Int) async throws(VarveError) -> Bool {
        let start = ContinuousClock.now
        var isTold = false, pause = 0.05
        while true {
            try commit()
            if try ArchiveReader(layout.root).stored.contains(number) { return true }
            if Task.isCancelled { throw VarveError(.interrupted, "interrupted") }
            guard ContinuousClock.now - start < .seconds(min(part.patience, 1e9)) else { return false }
            if !isTold, ContinuousClock.now - start > .seconds(5) {
                let missing = try expected.first { $0.number == number }?.missing() ?? []
                let parts = MissingParts(step: number, count: share.count, parts: missing).array
                tell("waits for step \(number)" + (missing.isEmpty ? "" : ", parts \(parts) of \(share.count)"))
                isTold = true
            }
            try? await Task.sleep(for: .seconds(pause))
            pause = min(2, pause * 1.5)
        }
    }

    /// What the run holds beside its steps, once these are all there.
    func writeRunFiles() async throws(VarveError) {
        guard part.commits, result.waiting.isEmpty, expected.isEmpty else { return }
        let present = Set(try ArchiveReader(layout.root).steps)
        let writer = try committer.writer()
        var notices: [String] = []
        try await RunFilesWriter(run: found, writer: writer, extras: options.extras, compressed: present)
            .write { notices.append($0) }
        for notice in notices { tell(notice) }
    }
}
