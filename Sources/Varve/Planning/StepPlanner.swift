import ChainArchive
import Checkpoints
import TensorCodecs
import FileSystem
import TensorFiles

/// Decides how each byte of a step is stored: which tensors are quantized with which, which are exact, what is payload.
///
/// The plan depends on what the planner is given and on the files, and changes none of them.
struct StepPlanner {
    let contents: StepContents
    /// `nil` for a keyframe.
    let predecessor: StepEncoder.Predecessor?
    let method: StepMethod
    /// Steps of the optimizer since the checkpoint before; `nil` if there is none or they are not counted.
    let distance: Int?

    private(set) var entries: [Entry] = []
    /// Entry of each file of `contents.files`.
    private(set) var entryOfFile: [Int] = []
    var claimed: [ClaimedRanges] = []
    var identities = Set<TensorIdentity>()
    /// Pieces that the manifest may still have; what has more stays in the payload.
    var piecesLeft = StepManifest.mostPieces
    var parameters: [PlannedParameter] = []
    var exact: [PlannedTensor] = []
    /// Tensors that no parameter claims and that are small.
    private var smallTensors: [TensorIdentity: TensorIndex] = [:]
    /// Whether any optimizer state was found.
    private var hasOptimizer = false
    private var notes: [String] = []

    init(
        contents: StepContents, predecessor: StepEncoder.Predecessor?, method: StepMethod, distance: Int?
    ) {
        self.contents = contents
        self.predecessor = predecessor
        self.method = method
        self.distance = distance
    }

    /// The plan of the step.
    mutating func plan() throws(VarveError) -> StepPlan {
        notes = contents.warnings
        try listEntries()
        hasOptimizer = contents.parameters.contains {
            $0.firstMoment != nil || $0.secondMoment != nil || !$0.other.isEmpty
        }
        let masters = MasterSearch(contents)
        for parameter in contents.parameters { try add(parameter, masters) }
        try addUnclaimedTensors()
        (parameters, exact) = try Self.withCopies(parameters, exact)
        releaseSmallTensors()
        try setQuantizerScales()
        return StepPlan(
            entries: entries,
            units: Self.quantizedGroups(parameters)
                + LosslessGroupOrder.losslessGroups(exact).map { .losslessGroup($0) }
                + (try payload()),
            pairs: contents.knownPairs,
            notes: notes,
            originalBytes: contents.files.reduce(0) { $0 + $1.source.byteCount })
    }

    // MARK: Entries

    private mutating func listEntries() throws(VarveError) {
        var fileOfPath: [String: Int] = [:]
        // Another name of a file refers to one of its own step: a step is restored without the others.
        var pathOfInode: [[UInt64]: String] = [:]
        for (index, file) in contents.files.enumerated() {
            fileOfPath[file.path] = index
            pathOfInode[[file.source.identity.device, file.source.identity.inode]] = file.path
        }
        entryOfFile = [Int](repeating: 0, count: contents.files.count)
        claimed = [ClaimedRanges](repeating: ClaimedRanges(), count: contents.files.count)
        var predecessorEntries: [String: Int] = [:]
        if let before = predecessor?.step?.manifest {
            for (index, entry) in before.entries.enumerated() {
                predecessorEntries[
                    Self.stableKey(entry.path, stepPath: before.path, isDirectory: before.isDirectory)] = index
            }
        }
        for item in contents.step.entries {
            let kind: Entry.Kind
            if let file = fileOfPath[item.path] {
                entryOfFile[file] = entries.count
                kind = .file
            } else if let target = item.linkTarget {
                kind = .symbolicLink(target: target)
            } else if item.identity.kind == .regular,
                let original = pathOfInode[[item.identity.device, item.identity.inode]]
            {
                kind = .hardLink(of: original)
            } else if item.identity.kind == .directory {
                kind = .directory
            } else {
                notes.append("\(item.path) is no file, directory or link and is left out")
                continue
            }
            var entry = Entry(
                path: item.path, kind: kind, mode: item.identity.mode, modified: item.identity.modified,
                byteCount: item.identity.byteCount)
            if case .file = kind {
                let file = fileOfPath[item.path] ?? 0
                entry.byteCount = contents.files[file].source.byteCount
                if !method.isLossless { entry.containers = contents.assembly?.containers[file] ?? [] }
                entry.prefixEntry =
                    predecessorEntries[
                        Self.stableKey(item.path, stepPath: contents.step.path, isDirectory: contents.step.isDirectory)]
            }
            entries.append(entry)
        }
    }

    /// What a file is called in every step: the path inside the step's directory, or the name without its digits.
    static func stableKey(_ path: String, stepPath: String, isDirectory: Bool) -> String {
        if isDirectory {
            return stepPath.isEmpty ? path : String(path.dropFirst(stepPath.count + 1))
        }
        var key = ""
        for character in path {
            if character.isNumber {
                if key.last != "#" { key.append("#") }
            } else {
                key.append(character)
            }
        }
        return key
    }

    // MARK: Tensors

    private mutating func add(_ parameter: Parameter, _ masters: MasterSearch) throws(VarveError) {
        let pairing = PairingNote(parameter.pairing)
        let hasMoments = parameter.firstMoment != nil || parameter.secondMoment != nil
        let looksForMaster = hasMoments || (!method.isLossless && !parameter.isBuffer)
        let identity = TensorIdentity(name: parameter.name, role: .weight, key: "")
        let master = try planned(
            looksForMaster ? try masters.master(of: parameter.weight) : nil, identity, pairing)
        let weight = if let master { master } else { try planned(parameter.weight, identity, pairing) }
        let copy =
            master == nil
            ? nil
            : try planned(
                parameter.weight,
                TensorIdentity(name: parameter.name, role: .weight, key: TensorIdentity.modelCopyKey), pairing)
        let first = try planned(
            parameter.firstMoment, TensorIdentity(name: parameter.name, role: .firstMoment, key: ""), pairing)
        var second = try planned(
            parameter.secondMoment, TensorIdentity(name: parameter.name, role: .secondMoment, key: ""), pairing)
        second?.decay = decay(parameter.hyperparameters?.beta2)
        let isTied = pairing != .ambiguous && (hasMoments || !parameter.other.isEmpty)
        var maximum: PlannedTensor?
        for value in parameter.other {
            guard case .tensor(let tensorIndex) = value.content else { continue }
            guard
                let tensor = try planned(
                    tensorIndex, TensorIdentity(name: parameter.name, role: .other, key: value.key), pairing)
            else { continue }
            if value.key == TensorIdentity.maximumKey, maximum == nil {
                maximum = tensor
            } else {
                add(tensor, of: parameter, weight: isTied ? weight : nil)
            }
        }
        // Without proof nothing is quantized at a beginning: it can as well be packed with what else is exact.
        let mayBeQuantized =
            method.quantizes(keyframe: predecessor == nil) && !parameter.isBuffer
            && (isTied || !hasOptimizer || predecessor?.step != nil)
        guard let weight, mayBeQuantized, weight.dtype.isQuantizable, weight.range.count > 0 else {
            exact += [weight, copy].compactMap { $0 }
            exact += Self.alone(first: first, second: second, maximum: maximum, beside: isTied ? weight : nil)
            return
        }
        var (quantized, rest) =
            isTied
            ? quantizedMoments(weight, first: first, second: second, maximum: maximum, parameter: parameter)
            : (PlannedParameter(weight: weight), [first, second, maximum].compactMap { $0 })
        quantized.isProven = isTied
        quantized.expectedChange = expectedChange(parameter)
        quantized.copies = [copy].compactMap { $0 }
        parameters.append(quantized)
        exact += rest
    }

    /// Tensors that no parameter claims: EMA copies, generator states, what a script keeps beside the model.
    ///
    /// Small ones are cheaper in the payload. They are looked at all the same if they can be a weight's values under another
    /// name: where the weight is quantized, its copy has to follow.
    private mutating func addUnclaimedTensors() throws(VarveError) {
        let counts = Set(parameters.map(\.count).filter { $0 >= CopySearch.fewestElements })
        for (index, file) in contents.files.enumerated() {
            guard let tensors = file.tensorFile?.tensors else { continue }
            let averages = averages(tensors)
            let key = Self.stableKey(file.path, stepPath: contents.step.path, isDirectory: contents.step.isDirectory)
            for number in tensors.indices {
                let identity = TensorIdentity(name: "\(key):\(tensors[number].name)", role: .other, key: "")
                let tensorIndex = TensorIndex(file: index, tensor: number)
                let mayBeSmall = counts.contains(tensors[number].count)
                guard let tensor = try planned(tensorIndex, identity, .none, mayBeSmall: mayBeSmall) else { continue }
                if averages.contains(number), tensor.range.count >= StepPlan.smallestTensor {
                    addAverage(tensor, named: identity.name)
                    continue
                }
                exact.append(tensor)
                if tensor.range.count < StepPlan.smallestTensor { smallTensors[tensor.identity] = tensorIndex }
            }
        }
    }

    /// Small tensors that are no weight's copy go back to the payload.
    private mutating func releaseSmallTensors() {
        var rest: [PlannedTensor] = []
        for tensor in exact {
            if let index = smallTensors[tensor.identity], let pieces = contents.pieces(of: index) {
                release(pieces)
            } else {
                rest.append(tensor)
            }
        }
        exact = rest
    }

    /// Under `transform` a weight's step size follows from its second moment, as far as there is a change to be quantized.
    private mutating func setQuantizerScales() throws(VarveError) {
        guard case .transform = method, predecessor != nil else { return }
        let factors = try QuantizerScales(parameters).factors
        for index in parameters.indices {
            parameters[index].quantizerScale = factors[parameters[index].weight.identity.name] ?? 1
        }
    }

    // MARK: Units

    static func quantizedGroups(_ parameters: [PlannedParameter]) -> [EncodingUnit] {
        var units: [EncodingUnit] = []
        var current: [PlannedParameter] = []
        var elements = 0
        for parameter in parameters {
            if !current.isEmpty, elements + parameter.count > StepPlan.quantizedGroupElements {
                units.append(.quantizedGroup(current))
                (current, elements) = ([], 0)
            }
            current.append(parameter)
            elements += parameter.count
        }
        if !current.isEmpty { units.append(.quantizedGroup(current)) }
        return units
    }
}
