import FileSystem

/// Which stored records are needed by what stays of an archive, from its manifests alone.
///
/// Everything that a step refers to lies in earlier steps. So the steps are walked from the newest to the oldest, each
/// knowing by then what all later ones ask of it, and one manifest is held at a time.
struct NeededRecords {
    /// What later steps ask of a step.
    private struct Wants {
        var links = WantedTensors()
        var openings = Set<StepDependencies.Opening>()
        var blocks = Set<PayloadLocation>()
        /// The earliest visible step that needs any of it.
        var neededBy: Int
    }

    /// What a step must keep.
    struct Need {
        /// `nil` where nobody asks anything of the step.
        var step: OpenStep?
        var records = Set<StepRecord>()
        /// Of a step that is forgotten: the earliest visible one that builds on it.
        var neededBy: Int?
    }

    private let archive: ArchiveReader
    private let marks: [Int: ForgottenSteps.Mark]
    private var wants: [Int: Wants] = [:]

    /// - Parameter forgotten: what is taken for forgotten, whatever the archive says now.
    init(_ archive: ArchiveReader, forgotten: ForgottenSteps) {
        self.archive = archive
        marks = forgotten.marks
    }

    /// Calls `visit` for every stored step, the newest first.
    /// - Throws: `.damaged` where a step that stays misses something that it needs; whatever `visit` throws.
    mutating func walk(
        _ visit: (Int, Need) throws(VarveError) -> Void
    ) throws(VarveError) {
        for number in archive.stored.reversed() { try visit(number, try need(of: number)) }
        if let (number, want) = wants.min(by: { StepVersion.number($0.key) < StepVersion.number($1.key) }) {
            throw VarveError(
                .damaged,
                "step \(StepVersion.text(number)), on which step \(StepVersion.text(want.neededBy)) builds, is missing",
                file: archive.layout.root
            )
        }
    }

    private mutating func need(of number: Int) throws(VarveError) -> Need {
        let asked = wants.removeValue(forKey: number), extent = marks[number]?.extent
        guard asked != nil || extent != .whole else { return Need() }
        let step = try OpenStep(number, of: archive, readsParts: false)
        let neededBy = extent == .whole ? asked?.neededBy ?? number : number
        var tensors = WantedTensors(), blocks = Set<PayloadLocation>()
        if extent != .whole {
            tensors = step.ownTensors(withMoments: extent == nil)
            blocks.formUnion(step.manifest.payloadBlocks)
        }
        if let asked {
            tensors.formUnion(asked.links)
            for opening in asked.openings { tensors.formUnion(step.moments(for: opening)) }
            blocks.formUnion(asked.blocks)
        }
        var need = Need(step: step, neededBy: extent == nil ? nil : asked?.neededBy)
        for identity in tensors.identities where step.tensor(identity) == nil {
            throw VarveError(
                .damaged, "a \(identity.role.name) that step \(StepVersion.text(neededBy)) builds on is missing",
                file: step.manifestPath, tensor: identity.name)
        }
        try add(step.dependencies(of: tensors), of: step, to: &need, neededBy: neededBy)
        // Blocks of the step itself may be asked for by its own blocks.
        var waiting = Array(blocks)
        while let location = waiting.popLast() {
            guard var found = step.dependencies(of: location) else {
                throw VarveError(
                    .damaged, "a payload block that step \(StepVersion.text(neededBy)) builds on is missing",
                    file: step.manifestPath)
            }
            let own = found.blocks.filter { $0.step == number && blocks.insert($0).inserted }
            waiting += own
            found.blocks = found.blocks.filter { $0.step != number }
            try add(found, of: step, to: &need, neededBy: neededBy)
        }
        if let lost = step.manifest.dropped.first(where: need.records.contains) {
            throw VarveError(
                .damaged,
                "step \(StepVersion.text(neededBy)) needs what was pruned of step \(StepVersion.text(number)) (\(lost))",
                file: step.manifestPath)
        }
        return need
    }

    private mutating func add(
        _ found: StepDependencies, of step: OpenStep, to need: inout Need, neededBy: Int
    ) throws(VarveError) {
        need.records.formUnion(found.records)
        if case .step(let before, _) = step.manifest.predecessor, !found.links.isEmpty || !found.openings.isEmpty {
            wants[before, default: Wants(neededBy: neededBy)].links.formUnion(found.links)
            wants[before]?.openings.formUnion(found.openings)
            note(neededBy, for: before)
        }
        for (origin, tensors) in found.tensors {
            wants[origin, default: Wants(neededBy: neededBy)].links.formUnion(tensors)
            note(neededBy, for: origin)
        }
        for location in found.blocks {
            wants[location.step, default: Wants(neededBy: neededBy)].blocks.insert(location)
            note(neededBy, for: location.step)
        }
    }

    private mutating func note(_ neededBy: Int, for number: Int) {
        guard let known = wants[number]?.neededBy else { return }
        wants[number]?.neededBy = StepVersion.number(known) < StepVersion.number(neededBy) ? known : neededBy
    }
}
