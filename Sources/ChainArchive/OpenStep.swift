import TensorCodecs
package import TensorFiles

/// A step opened for decoding: manifest, parts, and the indices that lookups need.
package final class OpenStep: Sendable {
    package let manifest: StepManifest
    package let members: [[StepManifest.Member]]
    /// The tensors of every pack, by their place in it.
    let packs: [[Int]]
    private let parts: [PartReader]
    private let tensorsByIdentity: [TensorIdentity: Int]
    package let manifestPath: String
    /// `weightsDigest` of the manifest, computed once.
    package let digest: Hash128

    /// - Parameter readsParts: whether the parts are looked at; without them nothing can be decoded.
    package init(_ number: Int, of archive: ArchiveReader, readsParts: Bool = true) throws(VarveError) {
        manifestPath = archive.layout.stepManifest(number)
        manifest = try archive.manifest(number)
        do throws(CodecError) {
            members = try manifest.bundleMembers()
            packs = try manifest.packMembers()
        } catch {
            throw VarveError(.damaged, "the manifest breaks the format", file: manifestPath, cause: error)
        }
        parts = readsParts ? try archive.parts(manifest) : []
        digest = manifest.weightsDigest
        var identities: [TensorIdentity: Int] = [:]
        for (index, tensor) in manifest.tensors.enumerated() { identities[tensor.identity] = index }
        tensorsByIdentity = identities
    }

    /// A step that was encoded and not stored: it can be built upon, not decoded.
    package init(unstored manifest: StepManifest) {
        manifestPath = manifest.path
        self.manifest = manifest
        (members, packs, parts) = ([], [], [])
        digest = manifest.weightsDigest
        var identities: [TensorIdentity: Int] = [:]
        for (index, tensor) in manifest.tensors.enumerated() { identities[tensor.identity] = index }
        tensorsByIdentity = identities
    }

    package func tensor(_ identity: TensorIdentity) -> Int? { tensorsByIdentity[identity] }

    package func weight(_ name: String) -> Int? {
        tensorsByIdentity[TensorIdentity(name: name, role: .weight, key: "")]
    }

    /// The bytes of a record, checksum compared.
    package func read(_ reference: PartReference) throws(VarveError) -> [UInt8] {
        guard !reference.isDropped else {
            throw VarveError(
                .damaged, "step \(manifest.number) was forgotten, and this part of it pruned", file: manifestPath)
        }
        guard parts.indices.contains(reference.part) else {
            throw VarveError(.damaged, "the part is missing", file: manifestPath)
        }
        return try parts[reference.part].read(reference)
    }

    /// The error for stored bytes whose checksum was right but that do not decode.
    func undecodable(_ tensor: String?, _ reference: PartReference?, _ cause: (any Error)?) -> VarveError {
        VarveError(
            .damaged, "stored bytes do not decode",
            file: reference.flatMap { parts.indices.contains($0.part) ? parts[$0.part].path : nil } ?? manifestPath,
            offset: reference?.offset, tensor: tensor, cause: cause)
    }
}
