import ChainArchive
import Checkpoints
import FileSystem
import TensorFiles

/// The files of a step without their tensors, in a directory of their own: payload is in its place, all else is a hole.
///
/// From headers and pickles the readers that compressed the step tell what its tensors are called, how their elements lie and
/// which pieces belong together. Tensors can be put into their places afterwards.
final class StepSkeleton: Sendable {
    let contents: StepContents
    /// Entry of each file of `contents.files`.
    let entryOfFile: [Int]

    private let directory: String
    private let manifest: StepManifest
    private let files: StepRebuilder

    /// - Parameters:
    ///   - directory: is made, and goes with the object.
    ///   - entries: which of the step's files; `nil` for all.
    /// - Throws: `.damaged`, `.noSpace`, `.inputOutput`, `.interrupted`; what the readers throw.
    init(_ number: Int, decoder: ChainDecoder, in directory: String, entries: Set<Int>?) throws(VarveError) {
        let manifest = try decoder.step(number).manifest
        try SystemCalls.makeDirectory(directory)
        self.directory = directory
        do throws(VarveError) {
            var files = try StepRebuilder(of: number, decoder: decoder, keepsAll: true)
            for (index, entry) in manifest.entries.enumerated() where entries?.contains(index) ?? true {
                guard case .file = entry.kind else { continue }
                if Task.isCancelled { throw VarveError(.interrupted, "interrupted") }
                _ = try files.create(index, at: Paths.join(directory, String(index)))
            }
            contents = try Self.contents(manifest, files.opened(), try FileIdentity(path: directory))
            self.files = files
            self.manifest = manifest
        } catch {
            try? Directories.remove(directory, forcing: true)
            throw error
        }
        var entryOfPath: [String: Int] = [:]
        for (index, entry) in manifest.entries.enumerated() where entry.isFile { entryOfPath[entry.path] = index }
        entryOfFile = contents.files.map { entryOfPath[$0.path] ?? 0 }
    }

    deinit { try? remove() }

    /// Takes the directory away. The files stay readable as long as the object is there.
    func remove() throws(VarveError) { try Directories.remove(directory, forcing: true) }

    /// Puts a restored tensor into its place.
    func write(_ tensor: RestoredTensor) throws(VarveError) { try files.write(tensor) }

    /// The same contents with all that was written.
    func filled() throws(VarveError) -> StepContents {
        try Self.contents(manifest, files.opened(), try FileIdentity(path: directory))
    }

    /// The step as the readers see it.
    /// - Parameter template: what is known of no entry.
    private static func contents(
        _ manifest: StepManifest, _ opened: [Int: InputFile], _ template: FileIdentity
    ) throws(VarveError) -> StepContents {
        var entries: [RunEntry] = [], held: [String: InputFile] = [:]
        var original: [String: FileIdentity] = [:]
        let linked = Set(
            manifest.entries.compactMap { entry in
                if case .hardLink(let original) = entry.kind { original } else { nil }
            })
        for (index, entry) in manifest.entries.enumerated() {
            var identity = template, target: String?
            switch entry.kind {
            case .file:
                guard let file = opened[index] else { continue }
                identity = file.identity
                // Another name of a file is told by the number of its names, and its inode.
                identity.linkCount = linked.contains(entry.path) ? 2 : 1
                held[entry.path] = file
                original[entry.path] = identity
            case .hardLink(let path):
                guard let found = original[path] else { continue }
                identity = found
            case .symbolicLink(let path):
                identity.kind = .symbolicLink
                target = path
            case .directory: break
            case .copy, .variant: continue
            }
            entries.append(RunEntry(path: entry.path, identity: identity, linkTarget: target))
        }
        let step = Step(
            number: manifest.number, isEpoch: manifest.isEpoch, path: manifest.path,
            isDirectory: manifest.isDirectory, entries: entries)
        // What was found to belong together when the step was compressed is known; nothing is guessed anew.
        return try StepContents.read(step, of: Run(root: ""), held: held, known: manifest.pairs)
    }
}
