import ChainArchive
import Checkpoints
import FileSystem
import TensorCodecs

/// A step as every worker plans it, and what this one has of it.
struct PartPlan {
    /// What came before, as all workers see it.
    struct Past {
        /// The step before; `nil` for a first one.
        var before: OpenStep?
        /// Whether the step builds on it.
        var isBuiltOn = false
        /// Weights of the step before, for the proof of pairings and for telling another training.
        var weights: (any PreviousWeights)?
        var originals: OriginalWeights?
        /// Whether `weights` are the checkpoint's own, so that all of them are at hand.
        var hasOriginals = false
    }

    let source: SourceStep
    let contents: StepContents
    let base: CheckpointWeights?
    private(set) var plan: StepPlan
    private(set) var past: Past
    private(set) var isBuiltOn: Bool
    private(set) var frame: StepFrame
    private(set) var claims: PartClaims
    let share: PartShare
    private(set) var dealing: UnitDealing
    private let method: StepMethod
    private let settings: String

    var number: Int { source.step.number }
    /// Indices of this worker's units.
    var tensors: [Int] { dealing.tensors[share.index] }
    var payload: [Int] { dealing.payload[share.index] }

    init(
        _ source: SourceStep, after past: Past, base: CheckpointWeights?, method: StepMethod, settings: String,
        share: PartShare
    ) throws(VarveError) {
        self.source = source
        self.past = past
        self.share = share
        self.method = method
        self.settings = settings
        contents = try StepContents.read(
            source.step, of: Run(root: source.root), held: source.held, staysOpen: source.losesNames,
            previous: past.isBuiltOn ? past.weights : nil, known: past.before?.manifest.pairs ?? [:])
        self.base = past.before == nil ? base?.named(for: contents) : nil
        isBuiltOn = past.isBuiltOn
        plan = StepPlan(entries: [], units: [], pairs: [:], notes: [], originalBytes: 0)
        frame = Self.frame(source.step, plan, past.before, .none, method, notes: [])
        claims = PartClaims(program: "", settings: "", base: "", predecessor: "", files: "", plan: Hash128([]))
        dealing = UnitDealing([], count: share.count)
        try replan()
        // Of a step on its way only this worker's records are at hand. What a sample of another form gives is left out.
        if isBuiltOn, past.hasOriginals, let weights = past.weights, let before = past.before,
            try isOther(plan.units, weights, { _ in true })
        {
            try beginChain(after: before)
        }
    }

    /// Whether units of the plan are of another training than the step before.
    func isOther(
        _ units: [EncodingUnit], _ weights: any PreviousWeights, _ hasForm: (PlannedTensor) -> Bool
    ) throws(VarveError) -> Bool {
        guard isBuiltOn, !method.isLossless else { return false }
        return try SameTraining.isOther(units, than: weights, hasForm: hasForm)
    }

    /// Plans the step as one that builds on nothing.
    mutating func beginChain(after before: OpenStep) throws(VarveError) {
        isBuiltOn = false
        try replan()
        plan.notes.append(SameTraining.note(before.manifest.number))
        describe()
    }

    /// Takes the step before as it is visible by now.
    mutating func builds(on before: OpenStep) { past.before = before }

    private mutating func replan() throws(VarveError) {
        var planner = StepPlanner(
            contents: contents, predecessor: predecessor(Self.noStore), method: method, distance: distance)
        plan = try planner.plan()
        dealing = UnitDealing(plan.units, count: share.count)
        describe()
    }

    /// What the step builds on.
    func predecessor(_ store: ScratchStore) -> StepEncoder.Predecessor? {
        if isBuiltOn, let before = past.before { return .step(before, store: store, originals: past.originals) }
        return base.map { .base($0) }
    }

    private static let noStore = ScratchStore(inMemory: .weights)

    /// The optimizer's steps since the step before, if both are counted in them.
    private var distance: Int? {
        guard let before = past.before?.manifest, !source.step.isEpoch, !before.isEpoch else { return nil }
        return source.step.number - before.number
    }

    // MARK: What workers must agree in

    private mutating func describe() {
        let step = source.step, before = past.before
        let link: StepFrame.Link = isBuiltOn ? .before : base == nil ? .none : .base
        let notes = plan.notes + (base.map { [$0.note(for: contents)] } ?? [])
        frame = Self.frame(step, plan, before, link, method, notes: notes)
        let name = before.map { "step \($0.manifest.number)" }
        var claims = PartClaims(
            program: "varve \(VarveRelease.version)", settings: settings, base: base?.name ?? "",
            predecessor: name.map { isBuiltOn ? "built on \($0)" : "a keyframe after \($0)" } ?? "the first step",
            files: "", plan: Hash128([]))
        var files = ByteWriter()
        for entry in plan.entries {
            files.append(string: entry.path)
            files.append(littleEndian: entry.byteCount)
            files.append(littleEndian: entry.modified)
        }
        claims.files = Hash128(files.bytes).description
        claims.plan = Hash128(planned(claims))
        self.claims = claims
    }

    private static func frame(
        _ step: Step, _ plan: StepPlan, _ before: OpenStep?, _ link: StepFrame.Link, _ method: StepMethod,
        notes: [String]
    ) -> StepFrame {
        StepFrame(
            number: step.number, isEpoch: step.isEpoch, path: step.path, isDirectory: step.isDirectory,
            method: method.name, before: before?.manifest.number, predecessor: link, entries: plan.entries,
            pairs: plan.pairs, notes: notes, errorBound: method.errorBound, originalBytes: plan.originalBytes,
            unitCount: plan.units.count)
    }

    /// Everything that two workers could come to differently.
    private func planned(_ claims: PartClaims) -> [UInt8] {
        var writer = ByteWriter()
        for text in [claims.program, claims.settings, claims.base, claims.predecessor, claims.files, "\(method)"] {
            writer.append(string: text)
        }
        writer.append(varint: share.count)
        for entry in plan.entries {
            writer.append(varint: entry.prefixEntry.map { $0 + 1 } ?? 0)
            writer.append(varint: UInt64(entry.mode))
        }
        for pair in plan.pairs.sorted(by: { $0.key < $1.key }) {
            writer.append(string: pair.key)
            writer.append(string: pair.value)
        }
        for unit in plan.units {
            for tensor in unit.tensors {
                writer.append(string: tensor.identity.name)
                writer.append(string: tensor.identity.key)
                writer.append(tensor.identity.role.rawValue)
                writer.append(string: tensor.dtype.rawValue)
                writer.append(varint: tensor.range.count)
                writer.append(varint: tensor.pieces.start.file)
                writer.append(littleEndian: tensor.pieces.start.offset)
            }
            if case .payload(let payload) = unit {
                writer.append(varint: payload.entry)
                writer.append(varint: payload.block)
                writer.append(varint: payload.byteCount)
            }
            writer.append(0xff)
        }
        return writer.bytes
    }
}
