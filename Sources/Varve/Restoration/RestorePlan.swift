import ChainArchive
import FileSystem

/// Where everything that is restored goes, decided before anything is written.
///
/// All paths lie under one directory that is empty at first. No path has a link or a file above it and no two things
/// have one path, so nothing is ever written through a link, and nothing is overwritten, whatever an archive says.
struct RestorePlan {
    /// Where a step goes.
    struct Destination: Sendable {
        var number: Int
        /// The step's directory under the output, empty for the output itself.
        var directory: String
        /// What paths lose at their beginning.
        var stripping: String

        /// Where a path of the step goes, relative to the output.
        func path(_ path: String) throws(VarveError) -> String {
            let relative = Paths.removing(stripping, from: path) ?? path
            guard Paths.isSafeRelative(relative) else {
                throw VarveError(.damaged, "the path \(path) would leave the output directory")
            }
            return Paths.join(directory, relative)
        }

        /// Whether the entry is the output directory itself.
        func isRoot(_ entry: Entry) -> Bool { entry.kind == .directory && entry.path + "/" == stripping }
    }

    /// In the order of the steps.
    private(set) var destinations: [Destination] = []
    /// The run's own files that are restored.
    private(set) var runEntries: [Entry] = []
    /// What a user should hear.
    private(set) var notices: [String] = []
    private var claims = PathClaims()

    /// A single step, its own directory being the output.
    init(_ manifest: StepManifest) throws(VarveError) {
        var destination = Destination(number: manifest.number, directory: "", stripping: Self.ownDirectory(manifest))
        do throws(VarveError) {
            claims = try Self.claims(manifest, destination)
        } catch {
            // Files of several directories that have one name: they keep their directories.
            destination.stripping = ""
            claims = try Self.claims(manifest, destination)
        }
        destinations = [destination]
    }

    /// All steps under their paths in the run, and the run's own files.
    ///
    /// A path that was written again and again (`last.pt`) belongs to the newest step that has it; older ones come into
    /// directories of their own. Steps go before the run's other files.
    init(_ manifests: [StepManifest], run: RunManifest?) throws(VarveError) {
        for manifest in manifests.reversed() {
            var destination = Destination(number: manifest.number, directory: "", stripping: "")
            do throws(VarveError) {
                try claims.add(try Self.claims(manifest, destination))
            } catch  where error.code == .exists {
                destination.directory = "step-\(manifest.number)"
                try claims.add(try Self.claims(manifest, destination))
                notices.append(
                    "step \(manifest.number) comes into \(destination.directory): a later step has the path \(manifest.path)"
                )
            }
            destinations.append(destination)
        }
        destinations.reverse()
        for entry in run?.entries ?? [] { claim(entry) }
        runEntries = runEntries.filter { entry in
            switch entry.kind {
            case .hardLink(let original), .copy(let original), .variant(let original, _):
                guard claims.isFile(original) else {
                    notices.append(
                        "\(entry.path) is not restored: it repeats \(original), which the archive does not hold")
                    return false
                }
            case .directory, .file, .symbolicLink: break
            }
            return true
        }
    }

    /// Steps whose files are new ones: each in a directory of its own, but for a single one.
    init(exporting numbers: [Int], isOne: Bool) {
        destinations = numbers.map {
            Destination(number: $0, directory: isOne ? "" : "step-\(StepVersion.number($0))", stripping: "")
        }
    }

    private mutating func claim(_ entry: Entry) {
        do throws(VarveError) {
            try claims.add(entry.path, PathClaims.Claim(entry.kind))
            runEntries.append(entry)
        } catch {
            notices.append("\(entry.path) is not restored: something else has that path")
        }
    }

    /// The paths of one step.
    /// - Throws: `.damaged` where they exclude each other, or a hard link names no file of the step.
    private static func claims(_ manifest: StepManifest, _ destination: Destination) throws(VarveError) -> PathClaims {
        var claims = PathClaims()
        do throws(VarveError) {
            for entry in manifest.entries where !destination.isRoot(entry) {
                try claims.add(try destination.path(entry.path), PathClaims.Claim(entry.kind))
            }
        } catch  where error.code == .exists {
            throw VarveError(.damaged, error.message)
        }
        for entry in manifest.entries {
            guard case .hardLink(let original) = entry.kind else { continue }
            guard claims.isFile(try destination.path(original)) else {
                throw VarveError(.damaged, "\(entry.path) is another name of \(original), which the step does not have")
            }
        }
        return claims
    }

    /// The leading directory that a single step's paths lose: the step's own, or that of its files.
    private static func ownDirectory(_ manifest: StepManifest) -> String {
        if manifest.isDirectory { return manifest.path.isEmpty ? "" : manifest.path + "/" }
        let directory = Paths.split(manifest.path).directory
        return directory == "." ? "" : directory + "/"
    }
}
