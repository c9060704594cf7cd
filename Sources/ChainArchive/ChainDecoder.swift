import Synchronization
import TensorCodecs
package import TensorFiles

/// Restores tensors and payload of any step by following the chain back to what stands on its own.
///
/// Holds the tensors of one call (a bundle, a pack or a single tensor) and their predecessors, nothing more. Safe from several
/// threads.
package final class ChainDecoder: Sendable {
    package let archive: ArchiveReader
    let base: (any BaseWeights)?
    private let open = Mutex<[Int: OpenStep]>([:])
    let recentPacks = RecentPacks()
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

    // MARK: Payload

    /// A block of a file's payload.
    package func payload(entry: Int, block: Int, of number: Int) throws(VarveError) -> [UInt8] {
        var levels: [(step: OpenStep, entry: Int)] = []
        var current = try step(number)
        var index = entry
        var plain: [UInt8] = []
        while true {
            if let known = try store(for: current.manifest.number)?.get(.payload(entry: index, block: block)) {
                plain = known
                break
            }
            guard current.manifest.entries.indices.contains(index),
                current.manifest.entries[index].payload.indices.contains(block)
            else {
                throw VarveError(
                    .damaged, "a payload block that a later step builds on is missing", file: current.manifestPath)
            }
            levels.append((current, index))
            let file = current.manifest.entries[index]
            guard file.payload[block].usesPrefix else { break }
            guard let prefix = file.prefixEntry, let previous = try predecessor(of: current),
                !levels.contains(where: { $0.step.manifest.number == previous.manifest.number })
            else {
                throw VarveError(.damaged, "a payload block without its prefix", file: current.manifestPath)
            }
            current = previous
            index = prefix
        }
        while let (step, index) = levels.popLast() {
            plain = try step.decodePayload(step.manifest.entries[index], block: block, prefix: plain)
        }
        return plain
    }
}
