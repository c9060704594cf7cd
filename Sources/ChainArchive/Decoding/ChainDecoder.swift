import Synchronization
import TensorCodecs
package import FileSystem

/// Restores tensors and payload of any step by following the chain back to what stands on its own.
///
/// Holds the tensors of one call (a quantized group, a lossless group or a single tensor) and their predecessors,
/// nothing more. Safe from several threads.
package final class ChainDecoder: Sendable {
    package let archive: ArchiveReader
    let base: (any BaseWeights)?
    /// `base` under the names that a step has for its weights, by the step.
    let namedBases = Mutex<[Int: any BaseWeights]>([:])
    private let open = Mutex<[Int: OpenStep]>([:])
    let recentLosslessGroups = RecentLosslessGroups()
    private let replayed = Mutex<(step: Int, store: ScratchStore)?>(nil)

    package init(_ archive: ArchiveReader, base: (any BaseWeights)? = nil) {
        self.archive = archive
        self.base = base
    }

    /// Manifests kept at a time; a chain between keyframes is normally shorter.
    private static let openLimit = 128

    /// The step's manifest and parts, opened once.
    package func step(_ number: Int) throws(VarveError) -> OpenStep {
        if let step = open.withLock({ $0[number] }) { return step }
        let step = try OpenStep(number, of: archive)
        open.withLock {
            if $0.count >= Self.openLimit { $0.removeAll() }
            $0[number] = step
        }
        return step
    }

    /// Lets later calls find the restored tensors and payload of `step` in `store` instead of replaying the chain.
    package func remember(_ store: ScratchStore?, step: Int) {
        // What fails here fails where the values are asked for.
        try? store?.flush()
        replayed.withLock { $0 = store.map { (step, $0) } }
    }

    func store(for step: Int) -> ScratchStore? {
        replayed.withLock { $0?.step == step ? $0?.store : nil }
    }

    /// The step that residuals and prefixes of `step` refer to, checked against the hash in its manifest.
    package func predecessor(of step: OpenStep) throws(VarveError) -> OpenStep? {
        guard case .step(let number, let digest) = step.manifest.predecessor else { return nil }
        let result = try self.step(number, for: step)
        guard result.digest == digest else {
            throw VarveError(
                .damaged, "step \(number) is not the one on which this step was built", file: step.manifestPath)
        }
        return result
    }

    /// A step that another one refers to.
    func step(_ number: Int, for step: OpenStep) throws(VarveError) -> OpenStep {
        do throws(VarveError) {
            return try self.step(number)
        } catch  where error.code == .usage {
            throw VarveError(.damaged, "step \(number), on which it builds, is missing", file: step.manifestPath)
        }
    }
}
