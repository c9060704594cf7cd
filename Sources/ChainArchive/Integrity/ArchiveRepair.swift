package import FileSystem

/// Makes manifests again that were lost or damaged, and mends parts.
package struct ArchiveRepair {
    package struct Outcome: Sendable {
        /// Bytes of a part that were put right.
        package struct Mended: Sendable {
            package var path: String
            package var byteCount: Int
            /// Of the first one.
            package var offset: UInt64

            init(path: String, _ byteCount: Int, at offset: UInt64) {
                (self.path, self.byteCount, self.offset) = (path, byteCount, offset)
            }
        }

        /// Paths relative to the archive that were made again.
        package var repaired: [String] = []
        package var mended: [Mended] = []
        /// Parity of parts that had none.
        package var added: [String] = []
        /// What stays lost.
        package var lost: [(path: String, reason: String)] = []
    }

    let layout: ArchiveLayout
    private let writer: String
    /// `nil`: nothing is written.
    let lock: ArchiveLock?

    /// - Parameters:
    ///   - writer: the release, for an `archive.manifest` of which nothing is left.
    ///   - dryRun: only looks; needs no lock.
    ///   - wait: how long to wait where another process writes to the archive.
    /// - Throws: `.notAnArchive`, `.locked`.
    package init(_ root: String, writer: String, dryRun: Bool, wait: LockWait? = nil) throws(VarveError) {
        layout = ArchiveLayout(root)
        self.writer = writer
        guard try Directories.isThere(root) else {
            _ = try FileIdentity(path: root, following: true)
            throw VarveError(.notAnArchive, "not a directory", file: root)
        }
        let names = try SystemCalls.list(root)
        guard names.contains("archive.manifest") || names.contains("steps") else {
            throw VarveError(.notAnArchive, "no archive.manifest in it: this is not a Varve archive", file: root)
        }
        lock = dryRun ? nil : try LockWait.lock(layout, wait)
    }

    /// - Throws: `.inputOutput`, `.permissionDenied`, `.noSpace` where a file cannot be read or written.
    package func run() throws(VarveError) -> Outcome {
        var outcome = Outcome()
        try repairManifests(&outcome)
        try repairParts(&outcome)
        return outcome
    }

    private func repairManifests(_ outcome: inout Outcome) throws(VarveError) {
        var parity: ManifestParity?
        do throws(VarveError) { parity = try ManifestParity.read(layout) } catch  where error.code == .damaged {
            // Made anew at the end, if the rest is intact.
        }
        var made: [String: [UInt8]] = [:]
        var broken = try brokenManifests(parity)
        // Its only content is the release that made it.
        if broken.contains("archive.manifest") {
            let bytes = try ManifestFile.seal(ArchiveManifest(writer: writer).encoded(), kind: .archive)
            let covered = parity?.rebuilt("archive.manifest") { try? self.intact($0) }
            made["archive.manifest"] = covered ?? bytes
            broken.remove("archive.manifest")
        }
        for path in broken.sorted() {
            let bytes = parity?.rebuilt(path) { other in made[other] ?? (try? self.intact(other)) }
            guard let bytes else {
                outcome.lost.append((path, reason(path, parity)))
                continue
            }
            made[path] = bytes
        }
        for (path, bytes) in made.sorted(by: { $0.key < $1.key }) {
            outcome.repaired.append(path)
            if lock != nil { try ArchiveWriter.write(bytes, to: Paths.join(layout.root, path)) }
        }
        if lock != nil, outcome.lost.isEmpty {
            let fresh = try ManifestParity.computed(layout)
            if fresh != parity {
                try ArchiveWriter.write(fresh.sealed(), to: layout.parity)
                outcome.repaired.append("manifests.parity")
            }
        }
    }

    /// Manifests that are missing, or are not intact.
    private func brokenManifests(_ parity: ManifestParity?) throws(VarveError) -> Set<String> {
        let present = try layout.manifests()
        var broken = Set(parity?.covered.keys ?? [:].keys).subtracting(present.map(\.path))
        broken.formUnion(present.contains { $0.path == "archive.manifest" } ? [] : ["archive.manifest"])
        for (path, kind) in present {
            do throws(VarveError) {
                _ = try ManifestFile.open(Paths.join(layout.root, path), kind: kind)
            } catch  where error.code == .damaged {
                broken.insert(path)
            }
        }
        return broken
    }

    /// The bytes of a manifest that matches its own checksum.
    private func intact(_ path: String) throws(VarveError) -> [UInt8] {
        let absolute = Paths.join(layout.root, path)
        let kind = try layout.manifests().first { $0.path == path }?.kind ?? .step
        _ = try ManifestFile.open(absolute, kind: kind)
        return try ManifestParity.bytes(absolute)
    }

    private func reason(_ path: String, _ parity: ManifestParity?) -> String {
        guard let parity else { return "the archive has no intact manifests.parity to make it from" }
        guard parity.covered[path] != nil else { return "it was not yet covered by manifests.parity" }
        return "more than one manifest is lost or changed: manifests.parity can make one of them again"
    }
}
