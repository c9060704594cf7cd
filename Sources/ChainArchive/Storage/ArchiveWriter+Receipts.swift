import FileSystem

/// What workers leave beside the parts of a step.
extension ArchiveWriter {
    /// Removes what a step that is visible needs no more: receipts, parts that it does not name.
    func removeReceipts(of version: StepVersion, keeping manifest: StepManifest) throws(VarveError) {
        let directory = layout.stepDirectory(version), named = Set(manifest.fileNames + ["step.manifest"])
        for name in try SystemCalls.list(directory) where !named.contains(name) {
            do throws(VarveError) {
                try SystemCalls.unlink(Paths.join(directory, name))
            } catch  where error.code == .notFound {
                // A slow worker's temporary file that has got its name, or that it has removed itself.
            }
        }
        try Directories.sync(directory)
    }

    /// Does so for every step whose commit was interrupted.
    func finishCommits() throws(VarveError) {
        for version in try layout.unfinishedCommits() {
            let path = layout.stepManifest(version)
            // One that cannot be read is for `verify` to report.
            guard let sealed = try? ManifestFile.open(path, kind: .step),
                let manifest = try? StepManifest(decoding: sealed.body, file: path)
            else { continue }
            try removeReceipts(of: version, keeping: manifest)
        }
    }
}
