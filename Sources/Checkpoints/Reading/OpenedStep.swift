import FileSystem
import TensorFiles

/// The files of a step, and what its layout found in them: all that is told without another step.
struct OpenedStep {
    let step: Step
    let files: [StepFile]
    let inventory: StepInventory
    private let tensors: StepTensors
    private let weights: [Weight]

    init(
        _ step: Step, of run: Run, held: [String: InputFile] = [:], staysOpen: Bool = false
    ) throws(VarveError) {
        let layout = Layouts.layout(of: StepShape(step))
        self.step = step
        files = try Self.open(step, run, held, staysOpen: staysOpen, isStrict: layout.isStrict)
        inventory = try layout.inventory(files)
        tensors = StepTensors(files, inventory.assembly)
        weights = WeightNames.weights(inventory.dictionaries, tensors)
    }

    /// Ties the states to the weights. See `StepContents.read`.
    func contents(
        previous: (any PreviousWeights)? = nil, known: StepContents.KnownPairs = [:]
    ) throws(VarveError) -> StepContents {
        var solver = PairingSolver(
            weights: weights, optimizers: inventory.optimizers,
            evidence: previous.map { UpdateCorrelation(tensors: tensors, previous: $0) })
        let structure = Self.structure(weights, solver.slots)
        let told = known[StepContents.structureKey]
        if told == structure { solver.searches = known[StepContents.searchesKey].flatMap { Int($0) } ?? 0 }
        try solver.solve(known: known, isSameStructure: told == nil || told == structure)
        var contents = StepContents(
            step: step, files: files, parameters: StepContents.parameters(solver),
            warnings: inventory.notes + solver.warnings)
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
