import Checkpoints
import FileSystem
import Glibc

/// The local cache of the Hugging Face hub: models that other programs downloaded. Nothing is ever fetched.
package struct HubCache: Sendable {
    /// A model as the hub names it, `gpt2` or `organization/model`, and `@revision` behind it where that matters.
    struct Name: Sendable {
        var repository: String
        var revision: String?

        /// `nil` where no model of the hub can be called that.
        init?(_ text: String) {
            let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let words = parts[0].split(separator: "/", omittingEmptySubsequences: false)
            guard words.count <= 2, words.allSatisfy(Self.isWord) else { return nil }
            repository = parts[0]
            guard parts.count == 2 else { return }
            guard Paths.isSafeRelative(parts[1]) else { return nil }
            revision = parts[1]
        }

        private static func isWord(_ word: Substring) -> Bool {
            guard let first = word.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-") else {
                return false
            }
            return word.utf8.count <= 96 && !word.contains("--")
                && word.unicodeScalars.allSatisfy {
                    $0.isASCII
                        && ($0.properties.isAlphabetic || $0.properties.numericType != nil
                            || "._-".contains(Character($0)))
                }
        }

        var directory: String { "models--" + repository.replacing("/", with: "--") }
    }

    /// A model's files at one commit.
    struct Snapshot: Sendable {
        var directory: String
        var commit: String
    }

    /// Where the cache lies; `nil` where the environment tells of no place.
    package let directory: String?

    /// That of this process, unless a test set another.
    @TaskLocal package static var current = HubCache(environment: Environment.value)

    /// - Parameter environment: the value of a variable. One that is empty counts as not set, as for the hub's own library.
    package init(environment: (String) -> String?) {
        let home = environment("HOME").flatMap { $0.isEmpty ? nil : $0 }
        func path(_ variable: String, _ below: String) -> String? {
            guard let value = environment(variable), !value.isEmpty else { return nil }
            var path = value
            if let home, value == "~" || value.hasPrefix("~/") { path = home + value.dropFirst() }
            return below.isEmpty ? path : Paths.join(path, below)
        }
        directory =
            path("HF_HUB_CACHE", "") ?? path("HUGGINGFACE_HUB_CACHE", "") ?? path("HF_HOME", "hub")
            ?? path("XDG_CACHE_HOME", "huggingface/hub") ?? home.map { Paths.join($0, ".cache/huggingface/hub") }
    }

    /// The files of a model: of the revision that is named, else of the one that was downloaded last from `main`.
    ///
    /// - Throws: `.notFound` where the cache has no such model or revision; the message says where was looked.
    func snapshot(of name: Name) throws(VarveError) -> Snapshot {
        guard let directory else {
            throw VarveError(.notFound, "there is no local hub cache to look for a model of that name in")
        }
        let model = Paths.join(directory, name.directory)
        guard try Directories.isThere(model) else {
            throw VarveError(.notFound, "the local hub cache has no model of that name, looked for \(model)")
        }
        let snapshots = Paths.join(model, "snapshots"), revision = name.revision ?? "main"
        let reference = Paths.join(model, "refs/\(revision)")
        let commit = try Self.commit(in: reference) ?? revision
        let location = Paths.join(snapshots, commit)
        guard try Directories.isThere(location) else {
            let known = ((try? SystemCalls.list(snapshots)) ?? []).map { "\(name.repository)@\($0)" }
            throw VarveError(
                .notFound,
                "the local hub cache has no revision \(revision) of that model, looked for \(reference) and \(location); "
                    + "it has \(known.isEmpty ? "none" : known.joined(separator: ", "))")
        }
        return Snapshot(directory: location, commit: commit)
    }

    /// What a file in `refs` says; `nil` where there is none.
    private static func commit(in path: String) throws(VarveError) -> String? {
        let file: InputFile
        do throws(VarveError) { file = try InputFile(path) } catch  where error.code == .notFound { return nil }
        let bytes = try file.bytes(at: 0, count: Int(min(file.byteCount, 256)))
        let text = String(decoding: bytes, as: UTF8.self).trimmed(where: \.isWhitespace)
        guard Paths.isSafeRelative(text), !text.contains("/") else {
            throw VarveError(.malformed, "this names no commit", file: path)
        }
        return text
    }
}
