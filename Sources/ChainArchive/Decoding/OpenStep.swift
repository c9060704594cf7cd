import Synchronization
import TensorCodecs
package import FileSystem

/// A step opened for decoding: manifest, parts, and the indices that lookups need.
package final class OpenStep: Sendable {
    package let manifest: StepManifest
    package let members: [[StepManifest.Member]]
    /// The tensors of every pack, by their place in it.
    package let packs: [[Int]]
    /// `nil` for a step that is not stored.
    private let archive: ArchiveReader?
    private let places: Mutex<StepPlaces?>
    private let tensorsByIdentity: [TensorIdentity: Int]
    package let manifestPath: String
    /// `weightsDigest` of the manifest, computed once.
    package let digest: Hash128

    /// - Parameter readsParts: whether the parts are looked at; without them nothing can be decoded.
    package init(_ number: Int, of archive: ArchiveReader, readsParts: Bool = true) throws(VarveError) {
        manifestPath = archive.stepManifest(number)
        let opened = try StepPlaces.open(number, of: archive, readsParts: readsParts)
        manifest = opened.manifest
        places = Mutex(opened.places)
        self.archive = archive
        do throws(CodecError) {
            members = try manifest.bundleMembers()
            packs = try manifest.packMembers()
        } catch {
            throw VarveError(.damaged, "the manifest breaks the format", file: manifestPath, cause: error)
        }
        digest = manifest.weightsDigest
        var identities: [TensorIdentity: Int] = [:]
        for (index, tensor) in manifest.tensors.enumerated() { identities[tensor.identity] = index }
        tensorsByIdentity = identities
    }

    /// A step that was encoded and not stored: it can be built upon, not decoded.
    package init(unstored manifest: StepManifest) {
        manifestPath = manifest.path
        self.manifest = manifest
        (members, packs, archive) = ([], [], nil)
        places = Mutex(nil)
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
    /// - Throws: `.damaged`; `.forgotten` where the record was pruned since the step was opened.
    package func read(_ reference: PartReference) throws(VarveError) -> [UInt8] {
        guard !reference.isDropped else {
            throw VarveError(
                .damaged, "step \(manifest.number) was forgotten, and this part of it pruned", file: manifestPath)
        }
        while true {
            guard let archive, let known = places.withLock({ $0 }) else {
                throw VarveError(.damaged, "the step is not stored", file: manifestPath)
            }
            do throws(VarveError) {
                if let bytes = try known.read(reference, manifestPath: manifestPath) { return bytes }
            } catch {
                guard let now = try known.renewed(manifest, of: archive) else { throw error }
                places.withLock { $0 = now }
                continue
            }
            throw VarveError.forgotten(manifest.number, file: manifestPath)
        }
    }

    /// The error for stored bytes whose checksum was right but that do not decode.
    func undecodable(_ tensor: String?, _ reference: PartReference?, _ cause: (any Error)?) -> VarveError {
        let place = reference.flatMap { reference in places.withLock { $0?.location(of: reference) } }
        return VarveError(
            .damaged, "stored bytes do not decode", file: place?.file ?? manifestPath,
            offset: place?.offset ?? reference?.offset, tensor: tensor, cause: cause)
    }
}
