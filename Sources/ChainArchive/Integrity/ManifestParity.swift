import TensorCodecs
package import FileSystem

/// `manifests.parity`: the exclusive or of all manifests of an archive, and how long each is and its hash, so that any one
/// that is lost or damaged can be made again from the others.
///
/// A second copy of each manifest would cost a tenth of a small archive; this costs as much as the largest of them. It is
/// written after what it covers: an interruption in between leaves one that lags behind, which the next writer brings up to
/// date.
package struct ManifestParity: Sendable, Hashable {
    package struct Covered: Sendable, Hashable {
        package var byteCount: Int
        package var hash: Hash128
    }

    /// By path relative to the archive.
    package private(set) var covered: [String: Covered] = [:]
    /// As long as the longest manifest.
    private var sum: [UInt8] = []

    package init() {}

    /// Puts a manifest's bytes in, or takes them out again.
    private mutating func toggle(_ bytes: [UInt8]) {
        if sum.count < bytes.count { sum += [UInt8](repeating: 0, count: bytes.count - sum.count) }
        for index in bytes.indices { sum[index] ^= bytes[index] }
    }

    package mutating func add(_ path: String, _ bytes: [UInt8]) {
        covered[path] = Covered(byteCount: bytes.count, hash: Hash128(bytes))
        toggle(bytes)
    }

    /// - Returns: whether `bytes` are what was covered; if they are not, nothing is changed.
    package mutating func remove(_ path: String, _ bytes: [UInt8]) -> Bool {
        guard let known = covered[path], known.byteCount == bytes.count, known.hash == Hash128(bytes) else {
            return false
        }
        covered[path] = nil
        toggle(bytes)
        let longest = covered.values.map(\.byteCount).max() ?? 0
        sum.removeLast(max(0, sum.count - longest))
        return true
    }

    /// The bytes of one covered file, from all the others; `nil` where one of those is not what was covered.
    package func rebuilt(_ path: String, read: (String) -> [UInt8]?) -> [UInt8]? {
        guard let wanted = covered[path] else { return nil }
        var rest = self
        for other in covered.keys.sorted() where other != path {
            guard let bytes = read(other), let known = covered[other], known.byteCount == bytes.count,
                known.hash == Hash128(bytes)
            else { return nil }
            rest.toggle(bytes)
        }
        guard wanted.byteCount <= rest.sum.count else { return nil }
        let bytes = Array(rest.sum.prefix(wanted.byteCount))
        return Hash128(bytes) == wanted.hash ? bytes : nil
    }

    // MARK: On disk

    package func sealed() throws(VarveError) -> [UInt8] {
        var writer = ManifestWriter()
        writer.list(covered.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) { writer, item in
            writer.text(item.key)
            writer.integer(item.value.byteCount)
            writer.hash(item.value.hash)
        }
        writer.list(sum) { $0.byte($1) }
        return try ManifestFile.seal(writer.output.bytes, kind: .parity)
    }

    package init(decoding body: [UInt8], file: String) throws(VarveError) {
        do throws(CodecError) {
            var reader = ManifestReader(body)
            let items = try reader.list { (reader) throws(CodecError) in
                (path: try reader.text(), covered: Covered(byteCount: try reader.integer(), hash: try reader.hash()))
            }
            sum = try reader.list { (reader) throws(CodecError) in try reader.byte() }
            for item in items {
                guard Paths.isSafeRelative(item.path), item.covered.byteCount <= sum.count,
                    covered.updateValue(item.covered, forKey: item.path) == nil
                else { throw CodecError(.corrupt, "\(item.path) cannot be covered so") }
            }
            guard reader.input.remaining == 0 else { throw CodecError(.corrupt, "bytes are left over") }
        } catch {
            throw VarveError(.damaged, "the manifest breaks the format", file: file, cause: error)
        }
    }

    /// - Returns: `nil` where the archive has none, as those of older releases.
    package static func read(_ layout: ArchiveLayout) throws(VarveError) -> ManifestParity? {
        do throws(VarveError) {
            let body = try ManifestFile.open(layout.parity, kind: .parity).body
            return try ManifestParity(decoding: body, file: layout.parity)
        } catch  where error.code == .notFound {
            return nil
        }
    }

    /// Over all manifests that are there.
    /// - Throws: `.damaged` where one of them is not intact: then nothing may take the place of what could mend it.
    package static func computed(_ layout: ArchiveLayout) throws(VarveError) -> ManifestParity {
        var parity = ManifestParity()
        for (path, kind) in try layout.manifests() {
            let absolute = Paths.join(layout.root, path)
            _ = try ManifestFile.open(absolute, kind: kind)
            parity.add(path, try bytes(absolute))
        }
        return parity
    }

    /// A manifest as it lies there.
    package static func bytes(_ path: String) throws(VarveError) -> [UInt8] {
        let file = try InputFile(path)
        guard file.byteCount <= ManifestFile.largestBody else {
            throw VarveError(.damaged, "a manifest of \(file.byteCount) bytes is impossible", file: path)
        }
        return try file.bytes(at: 0, count: Int(file.byteCount))
    }
}

extension ArchiveLayout {
    package var parity: String { Paths.join(root, "manifests.parity") }

    /// Every manifest that is there, by its path relative to the archive, and its kind.
    package func manifests() throws(VarveError) -> [(path: String, kind: ManifestFile.Kind)] {
        var found: [(path: String, kind: ManifestFile.Kind)] = []
        let own: [(String, ManifestFile.Kind)] = [
            ("archive.manifest", .archive), ("forgotten.manifest", .forgotten), ("run.manifest", .run),
        ]
        for (name, kind) in own {
            do throws(VarveError) {
                _ = try FileIdentity(path: Paths.join(root, name))
                found.append((name, kind))
            } catch  where error.code == .notFound {}
        }
        guard Directories.exists(steps) else { return found }
        for version in try stepDirectories() where try isVisible(version) {
            found.append((Self.relativeManifest(version), .step))
        }
        return found
    }

    /// A step's manifest, relative to the archive.
    package static func relativeManifest(_ version: StepVersion) -> String {
        Paths.join(Paths.join("steps", version.directoryName), "step.manifest")
    }
}
