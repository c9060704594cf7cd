import Synchronization
import TensorCodecs
package import FileSystem

/// Restores tensors and payload of any step by following the chain back to what stands on its own.
///
/// Holds the tensors of one call (a quantized group, a lossless group or a single tensor) and their predecessors,
/// nothing more. Safe from several threads.
package struct ChainDecoder: Sendable {
    /// What was opened or decoded already. It changes nothing but the time that a call takes.
    final class Cache: Sendable {
        /// `base` under the names that a step has for its weights, by the step.
        let namedBases = Mutex<[Int: any BaseWeights]>([:])
        fileprivate let open = Mutex<[Int: OpenStep]>([:])
        fileprivate let manifests = Mutex<[Int: StepManifest]>([:])
        let recentLosslessGroups = RecentLosslessGroups()
    }

    package let archive: ArchiveReader
    let base: (any BaseWeights)?
    let cache = Cache()
    /// The step whose restored tensors and payload need no replay.
    private var kept: KeptStep?
    /// Steps that are not committed yet, as far as this process's parts of them go.
    private var parts: [Int: OpenStep] = [:]

    package init(_ archive: ArchiveReader, base: (any BaseWeights)? = nil) {
        self.archive = archive
        self.base = base
    }

    /// The same decoder, which finds what it needs of a step where that was kept, instead of replaying the chain. Of a step
    /// that was kept before it knows nothing any more.
    package func building(on kept: KeptStep?) -> ChainDecoder {
        // What fails here fails where the values are asked for.
        try? kept?.store.flush()
        var decoder = self
        decoder.kept = kept
        return decoder
    }

    /// The same decoder, which knows parts of steps that are not committed yet.
    package func knowing(_ parts: [Int: OpenStep]) -> ChainDecoder {
        var decoder = self
        decoder.parts = parts
        return decoder
    }

    func store(for step: Int) -> ScratchStore? { kept?.number == step ? kept?.store : nil }

    /// Manifests kept at a time; a chain between keyframes is normally shorter.
    private static let openLimit = 128

    /// The step's manifest and parts, opened once.
    package func step(_ number: Int) throws(VarveError) -> OpenStep {
        if let step = parts[number] ?? cache.open.withLock({ $0[number] }) { return step }
        let step = try OpenStep(number, of: archive)
        cache.open.withLock {
            if $0.count >= Self.openLimit { $0.removeAll() }
            $0[number] = step
        }
        return step
    }

    /// The step's manifest, read once: less than opening the step.
    package func manifest(_ number: Int) throws(VarveError) -> StepManifest {
        if let known = cache.open.withLock({ $0[number]?.manifest }) ?? cache.manifests.withLock({ $0[number] }) {
            return known
        }
        let manifest = try archive.manifest(number)
        cache.manifests.withLock {
            if $0.count >= Self.openLimit { $0.removeAll() }
            $0[number] = manifest
        }
        return manifest
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
