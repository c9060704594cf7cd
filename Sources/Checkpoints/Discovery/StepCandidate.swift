/// A complete checkpoint that was found, before it is decided which candidates become steps.
struct StepCandidate {
    /// The directory, or the file with the weights.
    var path: String
    var isDirectory: Bool
    /// Every path that belongs to it.
    var members: [String]
    /// The name the step number was looked for in.
    var name: String
    var stepName: StepName?
    /// Told by the files themselves.
    var told = FileNumbers()
    var hasWeights = false
    var hasOptimizer = false
    var namesAreCounters = false
    /// Names of the weights, hashed.
    var weightNames: Set<Int> = []
    /// Decided from all of the above; `nil` where nothing tells.
    var number: StepNumber?
    var isEpoch = false
    /// How many checkpoints its directory has.
    var beside = 0
    /// Nothing tells its number, and there is no other checkpoint.
    var isUnnumbered = false

    init(path: String, isDirectory: Bool, members: [String], name: String, probes: [FileProbe]) {
        self.path = path
        self.isDirectory = isDirectory
        self.members = members
        self.name = name
        stepName = StepName(name)
        // accelerate's random states count the calls of save_state under `step`: only weights and optimizers tell.
        let telling = probes.filter { ($0.hasWeights || $0.hasOptimizer) && !FileRole.isAuxiliary($0.name) }
        told.metadata = telling.compactMap(\.metadata).min { ($0.ground, -$0.value) < ($1.ground, -$1.value) }
        told.optimizerStep = probes.compactMap(\.optimizerStep).max { $0.value < $1.value }
        hasWeights = probes.contains(where: \.hasWeights)
        hasOptimizer = probes.contains(where: \.hasOptimizer)
        for probe in probes where probe.hasWeights { weightNames.formUnion(probe.weightNames) }
    }

    /// Metadata before names; an explicit `step` in the name before an epoch, and either before the optimizer's
    /// counter, which counts updates and is only a last resort before a bare number.
    mutating func chooseNumber() {
        number = nil
        isEpoch = false
        if let metadata = told.metadata, metadata.ground == .metadata {
            number = metadata
        } else if let stepName, stepName.kind == .step, !namesAreCounters {
            number = StepNumber(value: stepName.number, ground: .name)
        } else if let metadata = told.metadata {
            number = metadata
            isEpoch = true
        } else if let stepName, stepName.kind == .epoch {
            number = StepNumber(value: stepName.number, ground: .name)
            isEpoch = true
        } else if let optimizerStep = told.optimizerStep {
            number = optimizerStep
        } else if let stepName {
            number = StepNumber(value: stepName.number, ground: .name)
        }
    }

    /// Falls back on the name: what the files say does not tell this checkpoint from others.
    mutating func trustName() {
        guard let stepName else { return }
        number = StepNumber(value: stepName.number, ground: .name)
        isEpoch = stepName.kind == .epoch
    }

    /// Whether name and metadata name different steps, where they could name the same.
    var disagrees: Bool {
        guard let number, number.ground != .name, let stepName, !namesAreCounters, stepName.kind != .glued else {
            return false
        }
        if number.ground == .metadata, stepName.kind == .epoch { return false }
        return number.value != stepName.number
    }

    /// A name that moves from step to step loses against a name with a number.
    var isMoving: Bool { StepName.isMoving(name) }

    /// The better of two candidates for one step: fixed name, more of the state, more of its like beside it, then path
    /// order.
    func isBetter(than other: StepCandidate) -> Bool {
        let mine = [isMoving ? 0 : 1, hasWeights ? 1 : 0, hasOptimizer ? 1 : 0, beside]
        let theirs = [other.isMoving ? 0 : 1, other.hasWeights ? 1 : 0, other.hasOptimizer ? 1 : 0, other.beside]
        if mine != theirs { return theirs.lexicographicallyPrecedes(mine) }
        return path.utf8.lexicographicallyPrecedes(other.path.utf8)
    }
}
