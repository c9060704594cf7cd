package import ChainArchive
import TensorCodecs

/// When a step becomes a keyframe, beside the first one: at a count, or where restoring it would cost too much.
package struct KeyframeRule: Sendable {
    /// Steps from one keyframe to the next; `nil` for as many as the cost allows.
    let interval: Int?
    /// Of the method of the step that comes.
    let settings: TransformSettings
    /// How many times as much as the first step behind a keyframe a step may cost.
    var largestCost = KeyframeRule.usualLargestCost

    /// `Docs/method.md`, section 7, has what other bounds cost in bytes and in time.
    package static let usualLargestCost = 12.0
    /// However cheap its steps are, a chain has no more: so many manifests are held open when it is restored.
    package static let longestChain = 128

    /// Steps of a chain that matter to it at most.
    var limit: Int { interval ?? Self.longestChain }

    /// Whether a step that follows one of that cost would cost too much.
    package func isDue(after cost: ChainCost) -> Bool {
        guard interval == nil else { return cost.length >= limit }
        return cost.length >= limit || cost.next(settings).restoring > bound(after: cost)
    }

    /// What a step that follows one of that cost may cost.
    package func bound(after cost: ChainCost) -> Double { largestCost * cost.second(settings) }
}
