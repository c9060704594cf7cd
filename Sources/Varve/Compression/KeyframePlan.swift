import ChainArchive
import FileSystem

/// Which of the steps that are to be added will be keyframes, as far as that can be told before they are encoded.
///
/// It takes the steps one by one, in ascending order, as the chain's writing end does.
struct KeyframePlan {
    let rule: KeyframeRule
    /// What is there already.
    let archive: ArchiveReader?
    private var costs: ChainCosts?
    /// The last step that was taken. Its cost is not known as long as nothing tells what steps consist of.
    private var last: (number: Int, cost: ChainCost?, depth: Int)?
    /// Whether the steps build on one that the archive has: that tells more of them than a sample does.
    private var buildsOnArchive = false

    init(rule: KeyframeRule, archive: ArchiveReader?) {
        self.rule = rule
        self.archive = archive
        costs = archive.map { ChainCosts($0) }
    }

    /// Whether a step, which comes after all that were taken, will be a keyframe.
    mutating func isKeyframe(_ number: Int) -> Bool { isKeyframe(before(number)) }

    private func isKeyframe(_ before: (number: Int, cost: ChainCost?, depth: Int)?) -> Bool {
        guard let before else { return true }
        if before.depth >= rule.limit { return true }
        return before.cost.map(rule.isDue) ?? false
    }

    /// Goes on to the step.
    /// - Parameter manifest: of a sample of it; `nil` where it was not encoded.
    mutating func take(_ number: Int, _ manifest: StepManifest? = nil) {
        let before = before(number)
        let isKeyframe = isKeyframe(before)
        let depth = isKeyframe ? 1 : (before?.depth ?? 0) + 1
        var cost: ChainCost?
        if !buildsOnArchive, let manifest {
            cost = try? ChainCosts.cost(manifest, after: isKeyframe ? nil : before?.cost, file: "")
        } else if let known = before?.cost {
            cost = isKeyframe ? known.next(rule.settings).alone : known.another(rule.settings)
        }
        last = (number, cost, depth)
    }

    /// What a step will build on.
    private mutating func before(_ number: Int) -> (number: Int, cost: ChainCost?, depth: Int)? {
        let archived = archive?.steps.last { $0 < number && archive?.forgotten.extent($0) == nil }
        if let last, last.number < number, last.number > archived ?? -1 { return last }
        guard let archived else { return nil }
        buildsOnArchive = true
        let cost = try? costs?.cost(of: archived, limit: rule.limit)
        return (archived, cost, cost?.length ?? rule.limit)
    }
}
