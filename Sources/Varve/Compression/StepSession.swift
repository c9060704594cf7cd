import ChainArchive
import Checkpoints
import FileSystem

/// One step while it is encoded, from its files to what it leaves for the next step.
///
/// Compressing and the dry run both encode by it, so that a step is planned and coded the same way in both. Its life:
/// 1. It is made from what came before the step (`Past`): the checkpoint is read, what the step builds on is settled, and
///    the step is planned. From then on nothing of the session changes.
/// 2. `manifest` is the step's manifest without any record.
/// 3. `encode` encodes the plan's units, all or some. The caller appends them to the manifest in the order they come in.
/// 4. `remains` is what the next step's session needs of it. The session itself is given up.
struct StepSession: Sendable {
    /// What came before a step, as the archive or the sample before it has it.
    struct Past {
        /// The step before, which a keyframe follows as well; `nil` for a first step.
        var before: StepManifest?
        /// Pairs of optimizer states and parameters that were established before.
        var known: StepContents.KnownPairs
        /// What the step is to be coded against, with its weights for the proof of pairings; `nil` for a keyframe and for a
        /// first step.
        var predecessor: (step: StepEncoder.Predecessor, weights: any PreviousWeights)?
        /// Whether only a sample of the predecessor is there: too little to tell another training by.
        var isSample = false
        /// What the predecessor builds on, as far as it is in no archive.
        var unstored: [OpenStep] = []

        init(before: StepManifest?, known: StepContents.KnownPairs = [:]) {
            self.before = before
            self.known = before?.pairs ?? known
        }

        /// The optimizer's steps from the step before to this one, if both are counted in them.
        fileprivate func distance(to step: Step) -> Int? {
            guard let before, !step.isEpoch, !before.isEpoch else { return nil }
            return step.number - before.number
        }
    }

    /// What a session leaves for the next one.
    struct Remains {
        var contents: StepContents
        /// Restored tensors and payload.
        var store: ScratchStore
    }

    let contents: StepContents
    /// The base that the step is coded against, under the step's names for its weights.
    let base: CheckpointWeights?
    let plan: StepPlan
    let encoder: StepEncoder

    /// - Parameters:
    ///   - base: what a first step is coded against.
    ///   - store: gives an empty one, for what the next step may build on; `nil` where none comes. It is asked once the
    ///     checkpoint is read and planned, so that one that cannot be read leaves nothing.
    ///   - decoder: of the archive that the step comes into.
    ///   - index: of what that archive stores already.
    /// - Throws: what reading the checkpoint throws; `.originalChanged` where the predecessor's original did.
    init(
        _ source: SourceStep, after past: Past, base: CheckpointWeights?, method: StepMethod,
        store: () throws(VarveError) -> ScratchStore?,
        decoder: ChainDecoder? = nil, index: PayloadIndex = PayloadIndex()
    ) throws(VarveError) {
        let step = source.step
        let contents = try StepContents.read(
            step, of: Run(root: source.root), held: source.held, staysOpen: source.losesNames,
            previous: past.predecessor?.weights, known: past.known)
        self.contents = contents
        self.base = past.before == nil ? base?.named(for: contents) : nil
        var predecessor = past.predecessor?.step ?? self.base.map { .base($0) }
        let distance = past.distance(to: step)
        func planned(against predecessor: StepEncoder.Predecessor?) throws(VarveError) -> StepPlan {
            var planner = StepPlanner(
                contents: contents, predecessor: predecessor, method: method, distance: distance)
            return try planner.plan()
        }
        var plan = try planned(against: predecessor)
        if let before = past.before, let other = predecessor, !past.isSample, !method.isLossless,
            try SameTraining.isOther(plan, than: other)
        {
            predecessor = nil
            plan = try planned(against: nil)
            plan.notes.append(SameTraining.note(before.number))
        }
        self.plan = plan
        encoder = try StepEncoder(
            number: step.number, method: method, predecessor: predecessor, store: try store(), decoder: decoder,
            unstored: past.unstored, index: index)
    }

    /// A session of a step that was read and planned elsewhere.
    init(_ contents: StepContents, base: CheckpointWeights?, plan: StepPlan, encoder: StepEncoder) {
        (self.contents, self.base, self.plan, self.encoder) = (contents, base, plan, encoder)
    }

    /// Whether the step builds on no other step.
    var isKeyframe: Bool { encoder.predecessor?.step == nil }

    /// What was said of the step before any of its units was encoded.
    var notes: [String] { plan.notes + (base.map { [$0.note(for: contents)] } ?? []) }

    /// The step's manifest before any unit is appended to it; notes and the base's hashes are still to be added.
    var manifest: StepManifest {
        let step = contents.step
        return StepManifest(
            number: step.number, isEpoch: step.isEpoch, path: step.path, isDirectory: step.isDirectory,
            method: encoder.method.name, predecessor: encoder.predecessor?.link ?? .none, entries: plan.entries,
            pairs: plan.pairs)
    }

    /// Bytes of memory that a unit takes while it is encoded, at most.
    private func cost(_ unit: EncodingUnit) -> Int { UnitCost.encoding(unit, encoder.method) }

    /// Encodes units of the plan on several threads and hands them over in their order. It keeps in the store what the next
    /// step may build on.
    /// - Throws: as `Workers.check` where any unit of the plan is too large, even if it is none of `units`: a sample must not
    ///   promise what the whole step has no room for.
    func encode(
        _ units: [EncodingUnit], _ workers: Workers, consume: (EncodedUnit) throws(VarveError) -> Void
    ) async throws(VarveError) {
        let encoder = encoder
        try workers.check(plan.units.lazy.map { (needed: cost($0), tensor: $0.name) })
        try await OrderedWork.run(
            units, workers, cost: cost, held: \.heldBytes,
            work: { (unit) throws(VarveError) in try encoder.encodeUnit(unit) }, consume: consume)
    }

    /// What the next step's session needs of this one; `nil` without a store.
    var remains: Remains? { encoder.store.map { Remains(contents: contents, store: $0) } }
}
