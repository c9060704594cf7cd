package import FileSystem
import Synchronization
package import TensorFiles

/// Weights kept outside of the archive (`--base`): what the residuals of a first step refer to.
package protocol BaseWeights: Sendable {
    /// The bytes of a weight in storage order, `nil` where the base has none of that name.
    func weight(_ name: String) throws(VarveError) -> [UInt8]?

    /// Whether the weight of that name has this type and shape.
    func hasForm(_ name: String, dtype: DType, shape: [Int]) -> Bool

    /// The same weights under the names that an archive has for them.
    /// - Parameter recorded: the names of all of them, in the archive.
    func named(_ recorded: Set<String>) -> any BaseWeights
}

extension ChainDecoder {
    /// The bytes of a base's weight on which a step builds; `nil` where the base has none of that name.
    ///
    /// - Throws: `.usage` where no base was given, or another one.
    func baseBytes(_ name: String, of step: OpenStep) throws(VarveError) -> [UInt8]? {
        let given = BaseNote.name(in: step.manifest.notes)
        guard let base = base(of: step) else {
            throw VarveError(
                .usage,
                given.map {
                    "the archive builds on weights kept outside, those of \($0): name them with `base = \($0)`"
                }
                    ?? "the archive builds on weights kept outside: name them with `base`",
                file: archive.layout.root)
        }
        guard let bytes = try base.weight(name) else { return nil }
        guard Hash128(bytes) == step.manifest.baseHashes[name] else {
            throw VarveError(
                .usage,
                "the base is not the one the archive was made with" + (given.map { ", which was \($0)" } ?? ""),
                tensor: name)
        }
        return bytes
    }

    /// The base under the names that the step has for its weights.
    private func base(of step: OpenStep) -> (any BaseWeights)? {
        guard let base else { return nil }
        return cache.namedBases.withLock { known in
            if let named = known[step.manifest.number] { return named }
            let named = base.named(Set(step.manifest.baseHashes.keys))
            known[step.manifest.number] = named
            return named
        }
    }
}
