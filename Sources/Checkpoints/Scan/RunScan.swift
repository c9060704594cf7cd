import FileSystem

/// Everything under a run's directory, listed once, before anything is decided.
///
/// Links to directories are never followed, so there is no loop. A link to a file outside of the run is listed as that
/// file, because hub caches keep weights so: an archive without them would hold nothing. Archives and Varve's own temporary
/// files are left out, and that is said.
struct RunScan {
    /// Directories nested deeper than this are left out with a warning.
    static let depthLimit = 64

    let root: String
    /// Depth first, the names of one directory in bytewise order; a directory comes before what it holds.
    private(set) var entries: [RunEntry] = []
    /// Indices of a directory's direct members, by the directory's path (the root's is empty).
    private(set) var members: [String: [Int]] = [:]
    private(set) var index: [String: Int] = [:]
    /// Files and directories by what links to them share, however they are spelled.
    private(set) var pathOfInode: [InodeKey: String] = [:]
    private(set) var warnings: [String] = []
    /// Directories that were to be removed.
    private(set) var removals: [String] = []
    /// Files, directories and links that cannot be kept: path and reason.
    private(set) var unkept: [(path: String, reason: VarveError)] = []

    /// - Throws: `.notFound`, `.permissionDenied`, `.inputOutput` where the directory itself cannot be listed.
    init(_ root: String) throws(VarveError) {
        self.root = root
        let names = try SystemCalls.list(root)
        var first: [InodeKey: String] = [:]
        list("", names, depth: 0, &first)
        followLinks()
    }

    /// A scan that holds one file of a directory.
    init(_ root: String, only name: String) throws(VarveError) {
        self.root = root
        var first: [InodeKey: String] = [:]
        list("", [name], depth: 0, &first)
        followLinks()
    }

    /// Links that leave the run: one to a file takes the file's identity; one to a directory, if it is named like a
    /// checkpoint or lies in one, is refused, because its content is not in the run.
    private mutating func followLinks() {
        for entry in entries where entry.identity.kind == .regular || entry.identity.kind == .directory {
            let key = InodeKey(entry.identity)
            if pathOfInode[key] == nil { pathOfInode[key] = entry.path }
        }
        for position in entries.indices where entries[position].identity.kind == .symbolicLink {
            let entry = entries[position]
            guard target(of: entry) == nil,
                let outside = try? FileIdentity(path: Paths.join(root, entry.path), following: true)
            else { continue }
            if outside.kind == .regular {
                entries[position].identity = outside
            } else if outside.kind == .directory, Self.isInCheckpoint(entry.path) {
                refuse(
                    entry.path, .unsupported,
                    "a link to a directory outside of the run (\(entry.linkTarget ?? "")), which is not followed; "
                        + "name that directory's own run")
            }
        }
    }

    /// Whether a path, or a directory that it lies in, is named like a checkpoint.
    private static func isInCheckpoint(_ path: String) -> Bool {
        path.split(separator: "/").contains { name in StepName(String(name)).map { $0.kind != .glued } ?? false }
    }

    private mutating func list(_ directory: String, _ names: [String], depth: Int, _ first: inout [InodeKey: String]) {
        for name in names {
            let path = Paths.join(directory, name)
            guard !name.hasPrefix(OutputFile.temporaryPrefix) else {
                if name.hasPrefix(Run.removalPrefix) {
                    removals.append(path)
                } else {
                    warnings.append("left out \(path): its name is that of an unfinished file of Varve's own")
                }
                continue
            }
            // Equal to Swift, two files to the system: one must not be taken for the other.
            if index[path] != nil {
                refuse(path, .unsupported, "another name beside it differs only in the Unicode form of its letters")
                continue
            }
            let identity: FileIdentity
            do throws(VarveError) {
                identity = try FileIdentity(path: Paths.join(root, path))
            } catch {
                // Names are listed with what is no UTF-8 replaced, so a name that is none has no file.
                if error.code == .notFound, name.unicodeScalars.contains("\u{FFFD}") {
                    refuse(path, .unsupported, "its name is not UTF-8")
                } else {
                    unkept.append((path, error))
                }
                continue
            }
            var entry = RunEntry(path: path, identity: identity)
            switch identity.kind {
            case .other:
                warnings.append("left out \(path): neither file nor directory nor link")
                continue
            case .symbolicLink:
                do throws(VarveError) {
                    entry.linkTarget = try SystemCalls.readSymbolicLink(Paths.join(root, path))
                } catch {
                    unkept.append((path, error))
                    continue
                }
            case .directory where isArchive(path):
                warnings.append("left out \(path): it is an archive of Varve's")
                continue
            case .regular where identity.linkCount > 1:
                let key = InodeKey(identity)
                if let earlier = first[key] { entry.hardLinkOf = earlier } else { first[key] = path }
            default: break
            }
            members[directory, default: []].append(entries.count)
            index[path] = entries.count
            entries.append(entry)
            if identity.kind == .directory { descend(path, depth + 1, &first) }
        }
    }

    /// Whether a directory is an archive, whatever its name. One that is only named so is a directory like any other.
    private func isArchive(_ path: String) -> Bool {
        let path = Paths.join(root, path)
        return (try? FileIdentity(path: Paths.join(path, "archive.manifest"))) != nil
            && (path.hasSuffix(".varve") || Directories.exists(Paths.join(path, "steps")))
    }

    private mutating func descend(_ path: String, _ depth: Int, _ first: inout [InodeKey: String]) {
        guard depth <= RunScan.depthLimit else {
            refuse(path, .unsupported, "nested deeper than \(RunScan.depthLimit) directories")
            return
        }
        do throws(VarveError) {
            list(path, try SystemCalls.list(Paths.join(root, path)), depth: depth, &first)
        } catch {
            unkept.append((path, error))
        }
    }

    private mutating func refuse(_ path: String, _ code: VarveError.Code, _ reason: String) {
        unkept.append((path, VarveError(code, reason, file: Paths.join(root, path))))
    }
}

/// What two hard links share.
struct InodeKey: Hashable {
    let device: UInt64
    let inode: UInt64

    init(_ identity: FileIdentity) {
        device = identity.device
        inode = identity.inode
    }
}
