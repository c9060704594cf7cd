import ChainArchive
import FileSystem

/// The state of an archive's newest step, kept in a file outside of it (`CompressionOptions.state`).
///
/// Nothing depends on it: what it cannot give is replayed from the archive, and what goes wrong with it is no more than said.
/// The archive's lock is held by whoever calls, so nobody else writes this archive's file.
struct KeptState {
    private let directory: String
    private let root: String

    /// - Parameters:
    ///   - directory: need not exist.
    ///   - root: of the archive.
    init(in directory: String, of root: String) {
        self.directory = directory
        self.root = root
    }

    /// The file. What tells it from other archives' in the directory is the archive's path as seen from there: an archive that is
    /// moved together with the directory, or mounted elsewhere with it, keeps its state.
    private var path: String {
        get throws(VarveError) {
            let from = try SystemCalls.realPath(directory).split(separator: "/")
            let real = try SystemCalls.realPath(root)
            var to = real.split(separator: "/")[...], up = from.count
            for part in from {
                guard to.first == part else { break }
                to.removeFirst()
                up -= 1
            }
            let relative = ([Substring](repeating: "..", count: up) + to).joined(separator: "/")
            // The name is for people.
            let name = Paths.split(real).name.prefix(64).filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
            let hash = Hash128(Array(relative.utf8)).description.prefix(16)
            return Paths.join(directory, "\(name)-\(hash).state")
        }
    }

    /// The restored tensors and payload of a step, or of an earlier one from which the chain is replayed then.
    ///
    /// Damage is found when they are read: `.originalChanged`.
    /// - Throws: why there are none.
    func load(
        _ number: Int, _ contents: ScratchStore.Contents, _ decoder: ChainDecoder
    ) throws(VarveError) -> KeptStep {
        let path = try path, file = try StateFile(path), step = file.mark.step
        func unusable(_ reason: String) -> VarveError { VarveError(.originalChanged, reason, file: path) }
        guard file.mark.program == Self.program else { throw unusable("it is of release \(file.mark.program)") }
        // Everything else is as a replay gives it, by whatever settings the step was made.
        guard file.contents == contents else { throw unusable("it is of another method") }
        guard step <= number, decoder.archive.stored.contains(step) else { throw unusable("it is of another step") }
        let digest = try decoder.step(step).digest
        guard try decoder.archive.mark(step, weights: digest, program: Self.program) == file.mark else {
            throw unusable("it is of another archive, or of a step that has changed since")
        }
        return KeptStep(number: step, store: ScratchStore(file))
    }

    /// Keeps what a step left, in place of what was kept before. Nothing is done where the archive's next step will not build
    /// on this one.
    func save(_ number: Int, _ store: ScratchStore) throws(VarveError) {
        let archive = try ArchiveReader(root)
        guard archive.newest(before: .max) == number else { return }
        let digest = try archive.manifest(number).weightsDigest
        try Directories.create(directory)
        try store.save(try archive.mark(number, weights: digest, program: Self.program), to: path)
    }

    /// Removes what a process that was killed left.
    func removeLeftOver() {
        guard let path = try? path else { return }
        try? SystemCalls.unlink(Paths.join(directory, OutputFile.temporaryPrefix + Paths.split(path).name))
    }

    private static let program = "varve \(VarveRelease.version)"
}

extension ArchiveReader {
    /// The newest step before a number that a step may build on: what is forgotten, even in part, is nothing to build on, because
    /// pruning shall be able to take it.
    func newest(before number: Int) -> Int? { steps.last { $0 < number && forgotten.extent($0) == nil } }
}
