package import FileSystem

extension ArchiveWriter {
    /// Replaces a manifest, and what covers it.
    static func replace(_ path: String, _ bytes: [UInt8], _ layout: ArchiveLayout) throws(VarveError) {
        let absolute = Paths.join(layout.root, path)
        let before = try? ManifestParity.bytes(absolute)
        try write(bytes, to: absolute)
        try cover(path, bytes, replacing: before, layout)
    }

    /// Brings `manifests.parity` up to date after a manifest was written.
    static func cover(
        _ path: String, _ bytes: [UInt8], replacing before: [UInt8]? = nil, _ layout: ArchiveLayout
    ) throws(VarveError) {
        // Without one, or where it lags behind, the next check makes it anew.
        guard var parity = try? ManifestParity.read(layout) else { return try bringParityUpToDate(layout) }
        if parity.covered[path] != nil {
            guard let before, parity.remove(path, before) else { return try bringParityUpToDate(layout) }
        }
        parity.add(path, bytes)
        try write(parity.sealed(), to: layout.parity)
    }

    /// Takes `manifests.parity` away before manifests are removed: what it covers is then not missed.
    package func dropParity() throws(VarveError) {
        do throws(VarveError) {
            try SystemCalls.unlink(layout.parity)
        } catch  where error.code == .notFound {
            return
        }
        try Directories.sync(layout.root)
    }

    /// Makes `manifests.parity` cover what is there, where it does not.
    ///
    /// - Throws: `.damaged` where a manifest that it covers is missing, or where it cannot be made anew because one is
    ///   damaged.
    package static func bringParityUpToDate(_ layout: ArchiveLayout) throws(VarveError) {
        let present = try layout.manifests()
        var old: ManifestParity?
        do throws(VarveError) { old = try ManifestParity.read(layout) } catch  where error.code == .damaged {}
        if let old {
            let names = Set(present.map(\.path))
            if let lost = old.covered.keys.sorted().first(where: { !names.contains($0) }) {
                throw VarveError(
                    .damaged, "the manifest is missing; `Archive.repair` makes it again",
                    file: Paths.join(layout.root, lost))
            }
            var covers = true
            for (path, kind) in present where covers {
                guard let known = old.covered[path] else {
                    covers = false
                    break
                }
                let absolute = Paths.join(layout.root, path)
                // Manifests of steps do not change without it; reading them all each time would take long.
                covers =
                    kind == .step
                    ? try FileIdentity(path: absolute).byteCount == UInt64(known.byteCount)
                    : try Hash128(ManifestParity.bytes(absolute)) == known.hash
            }
            if covers { return }
        }
        try write(ManifestParity.computed(layout).sealed(), to: layout.parity)
    }
}
