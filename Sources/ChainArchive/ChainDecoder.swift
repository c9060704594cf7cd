import Synchronization
import TensorCodecs
package import TensorFiles

/// Restores tensors and payload of any step by following the chain back to what stands on its own.
///
/// Holds the tensors of one call (a bundle or a single tensor) and their predecessors, nothing more. Safe from several
/// threads.
package final class ChainDecoder: Sendable {
    package let archive: ArchiveReader
    private let base: (any BaseWeights)?
    private let open = Mutex<[Int: OpenStep]>([:])
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

    /// Lets later calls find the restored weights and payload of `step` in `store` instead of replaying the chain.
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

    // MARK: Weights

    /// Restored weights of a step, by name; every name must be a weight there.
    func links(_ names: [String], at number: Int) throws(VarveError) -> [String: ChainLink] {
        var levels: [(step: OpenStep, names: [String])] = []
        var current = try step(number)
        var wanted = names
        // Back along the chain until nothing depends on an earlier step.
        while true {
            if let store = store(for: current.manifest.number), wanted.allSatisfy({ store.contains(.weight($0)) }) {
                levels.append((current, wanted))
                break
            }
            wanted = try withCompanions(wanted, of: current)
            levels.append((current, wanted))
            let needed = wanted.filter { current.weight($0).map(current.needsPredecessor) ?? false }
            if needed.isEmpty { break }
            guard let previous = try predecessor(of: current) else {
                guard case .base = current.manifest.predecessor else {
                    throw VarveError(.damaged, "a residual without predecessor", file: current.manifestPath)
                }
                break
            }
            // Each step may be visited once: a chain in a circle would never end.
            guard !levels.contains(where: { $0.step.manifest.number == previous.manifest.number }) else {
                throw VarveError(.damaged, "the chain runs in a circle", file: current.manifestPath)
            }
            current = previous
            wanted = needed
        }
        // Forward again.
        var restored: [String: ChainLink] = [:]
        if let last = levels.popLast() {
            if let store = store(for: last.step.manifest.number),
                last.names.allSatisfy({ store.contains(.weight($0)) })
            {
                restored = try kept(last.names, of: last.step, in: store)
            } else {
                restored = try decodeWeights(last.names, of: last.step, previous: [:])
            }
        }
        while let level = levels.popLast() {
            restored = try decodeWeights(level.names, of: level.step, previous: restored)
        }
        return restored
    }

    /// The names and those of all weights that are packed with them: `transform` decodes a bundle whole.
    private func withCompanions(_ names: [String], of step: OpenStep) throws(VarveError) -> [String] {
        var result = names
        var seen = Set(names), bundles = Set<Int>()
        for name in names {
            guard let index = step.weight(name) else {
                throw VarveError(
                    .damaged, "a weight that a later step builds on is missing", file: step.manifestPath, tensor: name)
            }
            guard case .transform(let bundle, _, _) = step.manifest.tensors[index].coding,
                bundles.insert(bundle).inserted
            else { continue }
            for member in step.members[bundle] {
                let companion = step.manifest.tensors[member.weight].name
                if seen.insert(companion).inserted { result.append(companion) }
            }
        }
        return result
    }

    /// Weights that an earlier call left in a store.
    private func kept(
        _ names: [String], of step: OpenStep, in store: ScratchStore
    ) throws(VarveError) -> [String: ChainLink] {
        var result: [String: ChainLink] = [:]
        for name in names {
            guard let bytes = try store.get(.weight(name)) else { continue }
            var state: TransformState?
            if let index = step.weight(name), let format = step.manifest.tensors[index].dtype.floatFormat {
                state = try store.state(
                    of: name, form: MatrixForm(step.manifest.tensors[index].shape), format: format)
            }
            result[name] = ChainLink(bytes: bytes, state: state)
        }
        return result
    }

    /// Decodes weights of one step from the restored weights of its predecessor.
    private func decodeWeights(
        _ names: [String], of step: OpenStep, previous: [String: ChainLink]
    ) throws(VarveError) -> [String: ChainLink] {
        var result: [String: ChainLink] = [:]
        var unpacked: (bundle: Int, tensors: [ExcpRole])?
        for name in names where result[name] == nil {
            guard let index = step.weight(name) else { continue }
            let record = step.manifest.tensors[index]
            switch record.coding {
            case .transform(let bundle, _, _):
                let chain = try decodeChain(bundle, of: step, previous: previous)
                for (member, state) in zip(step.members[bundle], chain.states) {
                    result[step.manifest.tensors[member.weight].name] = ChainLink(state: state)
                }
            case .excp(let bundle, let member):
                let before = try predecessorBytes(record, of: step, previous: previous)
                if unpacked?.bundle != bundle { unpacked = (bundle, try step.unpackWeights(bundle)) }
                guard let tensor = unpacked?.tensors[member] else { continue }
                result[name] = ChainLink(bytes: try step.restoreWeight(record, tensor, previous: before))
            default:
                let before =
                    step.needsPredecessor(index) ? try predecessorBytes(record, of: step, previous: previous) : nil
                result[name] = ChainLink(bytes: try step.decodeExact(record, previous: before))
            }
        }
        return result
    }

    /// The restored predecessor of a weight, from the chain or from the base.
    func predecessorBytes(
        _ record: TensorRecord, of step: OpenStep, previous: [String: ChainLink]
    ) throws(VarveError) -> [UInt8] {
        var bytes: [UInt8]?
        do throws(CodecError) {
            bytes = try previous[record.name]?.bytes()
        } catch {
            throw VarveError(
                .damaged, "the predecessor does not decode", file: step.manifestPath, tensor: record.name, cause: error)
        }
        if bytes == nil, case .base = step.manifest.predecessor { bytes = try baseBytes(record.name, of: step) }
        guard let bytes, bytes.count == record.byteCount else {
            throw VarveError(
                .damaged, "the predecessor of a residual is missing or of another size", file: step.manifestPath,
                tensor: record.name)
        }
        return bytes
    }

    private func baseBytes(_ name: String, of step: OpenStep) throws(VarveError) -> [UInt8]? {
        guard let base else {
            throw VarveError(
                .usage, "the archive builds on weights kept outside: name them with --base", file: archive.layout.root)
        }
        guard let bytes = try base.weight(name) else { return nil }
        guard Hash128(bytes) == step.manifest.baseHashes[name] else {
            throw VarveError(.usage, "the base is not the one the archive was made with", tensor: name)
        }
        return bytes
    }
}
