/// Which steps can still be restored where some records are damaged or missing.
///
/// Steps are looked at from the oldest to the newest, each record and each restored tensor for itself: a step that takes
/// nothing from what is damaged is not harmed by it. Of steps without harm nothing is kept.
package struct Restorability {
    /// What of a step cannot be had.
    private enum Harm {
        case whole
        case some(Set<TensorIdentity>, blocks: Set<PayloadLocation>)
    }

    private let archive: ArchiveReader
    private var harms: [Int: Harm] = [:]
    private let stored: Set<Int>
    /// Visible steps that cannot be restored, ascending.
    package private(set) var lost: [Int] = []

    /// - Parameter damage: what is damaged by itself: records of steps, or (`nil`) all of a step.
    package init(_ archive: ArchiveReader, damage: [Int: Set<StepRecord>?]) {
        self.archive = archive
        stored = Set(archive.stored)
        for number in archive.stored {
            let isLost = examine(number, damage[number] ?? [])
            if isLost, archive.forgotten.extent(number) != .whole { lost.append(number) }
        }
    }

    /// - Returns: whether the step cannot be restored, as far as it is not forgotten.
    private mutating func examine(_ number: Int, _ damaged: Set<StepRecord>?) -> Bool {
        guard let damaged, let step = try? OpenStep(number, of: archive, readsParts: false) else {
            harms[number] = .whole
            return true
        }
        let broken = damaged.union(step.manifest.dropped)
        var before: Int?, isBound = true
        if case .step(let number, let digest) = step.manifest.predecessor {
            before = number
            if harms[number] == nil, stored.contains(number) {
                isBound = (try? OpenStep(number, of: archive, readsParts: false))?.digest == digest
            }
        }
        // What builds on nothing must not say that it takes something from there.
        let isKeyframe = step.manifest.predecessor == .none
        let isSound = broken.isEmpty && isBound && !isKeyframe && before.map(isWhole) ?? true
        let withMoments = archive.forgotten.extent(number) == nil
        var tensors = Set<TensorIdentity>(), isLost = false
        if !isSound || step.manifest.tensors.contains(where: { $0.coding.origin.map { !isWhole($0) } ?? false }) {
            for group in step.groups {
                let found = step.dependencies(of: WantedTensors(group))
                guard
                    !found.records.isDisjoint(with: broken) || (isKeyframe && !found.links.isEmpty)
                        || isHarmed(found, before, isBound)
                else { continue }
                tensors.formUnion(group)
            }
            let own = step.ownTensors(withMoments: withMoments).identities
            isLost = own.contains(where: tensors.contains)
        }
        var blocks = Set<PayloadLocation>()
        for location in step.manifest.payloadBlocks where isHarmed(location, of: step, broken, isBound) {
            blocks.insert(location)
        }
        if !tensors.isEmpty || !blocks.isEmpty { harms[number] = .some(tensors, blocks: blocks) }
        return isLost || !blocks.isEmpty
    }

    private func isWhole(_ number: Int) -> Bool { harms[number] == nil && stored.contains(number) }

    private func isHarmed(_ found: StepDependencies, _ before: Int?, _ isBound: Bool) -> Bool {
        if let before, !found.links.isEmpty, !isBound || isHarmed(found.links, at: before) { return true }
        if let before, !isWhole(before), let step = try? OpenStep(before, of: archive, readsParts: false) {
            for opening in found.openings where isHarmed(step.moments(for: opening), at: before) { return true }
        }
        return found.tensors.contains { isHarmed($0.value, at: $0.key) }
    }

    private func isHarmed(_ wanted: WantedTensors, at number: Int) -> Bool {
        guard !wanted.isEmpty else { return false }
        guard stored.contains(number) else { return true }
        guard let harm = harms[number] else { return false }
        switch harm {
        case .whole: return true
        case .some(let tensors, _): return wanted.identities.contains(where: tensors.contains)
        }
    }

    private func isHarmed(
        _ location: PayloadLocation, of step: OpenStep, _ broken: Set<StepRecord>, _ isBound: Bool
    ) -> Bool {
        guard let found = step.dependencies(of: location) else { return true }
        if !found.records.isDisjoint(with: broken) { return true }
        return found.blocks.contains { other in
            if other.step == step.manifest.number { return isHarmed(other, of: step, broken, isBound) }
            guard stored.contains(other.step) else { return true }
            // A prefix lies in the predecessor; it must be the one that was meant.
            if !isBound, case .record = step.manifest.entries[location.entry].payload[location.block].content {
                return true
            }
            guard let harm = harms[other.step] else { return false }
            switch harm {
            case .whole: return true
            case .some(_, let blocks): return blocks.contains(other)
            }
        }
    }
}

extension OpenStep {
    /// Tensors that are had together or not at all: those of a lossless group, weights of a quantized group of method
    /// `transform`, the moments of a quantized group. Others stand alone.
    fileprivate var groups: [[TensorIdentity]] {
        enum Key: Hashable { case weights(Int), moments(Int), losslessGroup(Int), alone(Int) }
        var groups: [Key: [TensorIdentity]] = [:]
        for (index, tensor) in manifest.tensors.enumerated() {
            let key: Key =
                switch tensor.coding {
                case .packed(let losslessGroup, _, _): .losslessGroup(losslessGroup)
                case .transform(let quantizedGroup, _, _), .copy(let quantizedGroup, _):
                    tensor.role == .weight ? .weights(quantizedGroup) : .moments(quantizedGroup)
                case .excp(let quantizedGroup, _): tensor.role == .weight ? .alone(index) : .moments(quantizedGroup)
                default: .alone(index)
                }
            groups[key, default: []].append(tensor.identity)
        }
        return Array(groups.values)
    }
}

extension TensorRecord.Coding {
    /// The other step that it is had from.
    fileprivate var origin: Int? { if case .sameAs(let step) = self { step } else { nil } }
}
