package import ChainArchive
package import FileSystem
import TensorCodecs

/// What restoring steps of an archive costs, from the manifests of their chains.
package struct ChainCosts {
    package let archive: ArchiveReader
    /// The last one that was asked for, on which the next one mostly builds.
    private var last: (number: Int, cost: ChainCost)?

    package init(_ archive: ArchiveReader) { self.archive = archive }

    /// Takes over what is known of a step.
    mutating func keep(_ cost: ChainCost, of number: Int) { last = (number, cost) }

    /// - Parameter limit: steps that are gone through at most.
    /// - Returns: `nil` where the chain has more steps than that.
    /// - Throws: `.damaged` and what else reading a manifest of the chain throws.
    package mutating func cost(of number: Int, limit: Int = .max) throws(VarveError) -> ChainCost? {
        if let last, last.number == number { return last.cost.length <= limit ? last.cost : nil }
        var chain: [StepManifest] = [], known: ChainCost?, seen = Set<Int>()
        var current: Int? = number
        while let step = current {
            if let last, last.number == step {
                known = last.cost
                break
            }
            guard chain.count < limit else { return nil }
            let manifest = try archive.manifest(step)
            guard seen.insert(step).inserted else {
                throw VarveError(.damaged, "the chain runs in a circle", file: archive.stepManifest(step))
            }
            chain.append(manifest)
            current = nil
            // What nothing needed is pruned, and what came after it stands on its own.
            if case .step(let before, _) = manifest.predecessor, archive.stored.contains(before) { current = before }
        }
        for manifest in chain.reversed() {
            known = try Self.cost(manifest, after: known, file: archive.stepManifest(manifest.number))
        }
        guard let known, known.length <= limit else { return nil }
        last = (number, known)
        return known
    }

    static func cost(
        _ manifest: StepManifest, after before: ChainCost?, file: String
    ) throws(VarveError) -> ChainCost {
        do throws(CodecError) {
            return try ChainCost(manifest, after: before, settings: manifest.recordedSettings)
        } catch {
            throw VarveError(.damaged, "the manifest breaks the format", file: file, cause: error)
        }
    }
}

extension StepManifest {
    /// Settings of method `transform` that the step was made with; the usual ones where it does not tell.
    fileprivate var recordedSettings: TransformSettings {
        if case .transform(let settings, _)? = try? recordedMethod() { return settings }
        return TransformSettings(stepSize: TransformOptions.Quality.balanced.stepSize)
    }
}
