package import FileSystem
import TensorFiles

extension StepContents {
    /// State path (`optimizer.state.3`) to parameter name, as established at an earlier step of the run.
    ///
    /// The key `structureKey` may hold the structure the pairs were established under; under another structure
    /// (parameters were added or removed) they only fill what order and data leave open.
    package typealias KnownPairs = [String: String]

    package static let structureKey = "#structure"

    /// The key that may hold how many steps of that structure were searched for an order of the parameters without an end
    /// to the doubt: after a few it is not looked for again.
    package static let searchesKey = "#searches"

    /// What to call the framework's layout.
    package var layout: String { Layouts.layout(of: StepShape(step)).title }

    /// The same, `nil` where no framework is recognised.
    package var framework: String? {
        let layout = Layouts.layout(of: StepShape(step))
        return layout == PlainLayout.self ? nil : layout.title
    }

    /// Opens the files of a step and ties optimizer state to parameters.
    ///
    /// Names first; then candidate orders; then the data: with `previous` the residual of each weight against the
    /// step before is correlated with each state's update direction. The result depends on the step's files,
    /// `previous` and `known` alone, so that compressing in two calls decides as compressing in one does.
    /// - Parameters:
    ///   - held: files of the step that were opened before, to stay open, by path; they may have lost their names since.
    ///   - staysOpen: whether the others may lose their names while they are read, too.
    ///   - previous: weights of the step before, `nil` for a first step.
    ///   - known: pairs established before; kept unless the data contradict them.
    /// - Throws: `.truncated`, `.malformed`, `.incomplete` with file and tensor; `.sourceChanged`.
    package static func read(
        _ step: Step, of run: Run, held: [String: InputFile] = [:], staysOpen: Bool = false,
        previous: (any PreviousWeights)? = nil, known: KnownPairs = [:]
    ) throws(VarveError) -> StepContents {
        let layout = Layouts.layout(of: StepShape(step))
        let files = try open(step, run, held, staysOpen: staysOpen, isStrict: layout.isStrict)
        let inventory = try layout.inventory(files)
        let tensors = StepTensors(files, inventory.assembly)
        let weights = WeightNames.weights(inventory.dictionaries, tensors)
        var solver = PairingSolver(
            weights: weights, optimizers: inventory.optimizers,
            evidence: previous.map { UpdateCorrelation(tensors: tensors, previous: $0) })
        let structure = structure(weights, solver.slots)
        let told = known[structureKey]
        if told == structure { solver.searches = known[searchesKey].flatMap { Int($0) } ?? 0 }
        try solver.solve(known: known, isSameStructure: told == nil || told == structure)
        var contents = StepContents(
            step: step, files: files, parameters: parameters(solver), warnings: inventory.notes + solver.warnings)
        contents.structure = structure
        contents.assembly = inventory.assembly
        contents.unreadPieces = inventory.unreadPieces
        let open = contents.parameters.filter { $0.pairing == .ambiguous }.count
        if open > 0 {
            contents.searches = solver.searches
            contents.warnings.append(
                "\(open) optimizer states could not be tied to a parameter; they are stored on their own"
                    + (solver.isExhausted || solver.searches > PairingSolver.searchLimit
                        ? " (the search for their order was given up as too long)" : ""))
        }
        return contents
    }

    /// Opens the step's regular files; further hard links inside the step are left out.
    private static func open(
        _ step: Step, _ run: Run, _ held: [String: InputFile], staysOpen: Bool, isStrict: Bool
    ) throws(VarveError) -> [StepFile] {
        var files: [StepFile] = []
        var inodes: Set<InodeKey> = []
        for entry in step.entries where entry.identity.kind == .regular {
            if entry.identity.linkCount > 1, !inodes.insert(InodeKey(entry.identity)).inserted { continue }
            let path = Paths.join(run.root, entry.path)
            let source =
                if let file = held[entry.path] { file } else { try InputFile(path, staysOpen: staysOpen) }
            guard source.identity.byteCount == entry.identity.byteCount,
                source.identity.modified == entry.identity.modified,
                source.identity.inode == entry.identity.inode
            else { throw VarveError(.sourceChanged, "the file changed since the run was looked through", file: path) }
            var tensorFile: TensorFile?
            if !Layouts.isPiece(entry.path) {
                do throws(VarveError) { tensorFile = try TensorFile.open(source) } catch {
                    let inside = error.code == .truncated || error.code == .malformed || error.code == .unsupported
                    if !inside || isStrict && StepName.hasCheckpointSuffix(entry.path) { throw error.at(file: path) }
                }
            }
            files.append(StepFile(path: entry.path, source: source, tensorFile: tensorFile))
        }
        return files
    }

    /// Names and shapes of weights and slots in one string, short: the same for two steps of one structure.
    private static func structure(_ weights: [Weight], _ slots: [PairingSlot]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ text: String) {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0xff) &* 0x100_0000_01b3
        }
        for weight in weights { add("\(weight.name) \(weight.shape)") }
        for slot in slots { add("\(slot.slot.statePath) \(slot.slot.shape ?? [])") }
        return String(hash, radix: 16)
    }
}
