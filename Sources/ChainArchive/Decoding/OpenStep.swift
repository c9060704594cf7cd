import Synchronization
import TensorCodecs
package import FileSystem

/// A step opened for decoding: manifest, parts, and the indices that lookups need.
package final class OpenStep: Sendable {
    package let manifest: StepManifest
    package let members: [[StepManifest.Member]]
    /// The tensors of every lossless group, by their position in it.
    package let losslessGroups: [[Int]]
    /// `nil` for a step that is not stored.
    private let archive: ArchiveReader?
    private let locations: Mutex<RecordLocations?>
    private let tensorsByIdentity: [TensorIdentity: Int]
    package let manifestPath: String
    /// `weightsDigest` of the manifest, computed once.
    package let digest: Hash128

    /// - Parameter readsParts: whether the parts are looked at; without them nothing can be decoded.
    package init(_ number: Int, of archive: ArchiveReader, readsParts: Bool = true) throws(VarveError) {
        manifestPath = archive.stepManifest(number)
        let opened = try RecordLocations.open(number, of: archive, readsParts: readsParts)
        manifest = opened.manifest
        locations = Mutex(opened.locations)
        self.archive = archive
        do throws(CodecError) {
            members = try manifest.quantizedGroupMembers()
            losslessGroups = try manifest.losslessGroupMembers()
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
        (members, losslessGroups, archive) = ([], [], nil)
        locations = Mutex(nil)
        digest = manifest.weightsDigest
        var identities: [TensorIdentity: Int] = [:]
        for (index, tensor) in manifest.tensors.enumerated() { identities[tensor.identity] = index }
        tensorsByIdentity = identities
    }

    /// Some of a step that is not committed yet: what one worker encoded of it, in a part of its own.
    /// - Parameter path: of the receipt.
    init(ofPart manifest: StepManifest, _ parts: [PartReader], path: String) throws(VarveError) {
        manifestPath = path
        self.manifest = manifest
        archive = nil
        locations = Mutex(RecordLocations(parts: parts, identity: try FileIdentity(path: path)))
        do throws(CodecError) {
            members = try manifest.quantizedGroupMembers()
            losslessGroups = try manifest.losslessGroupMembers()
        } catch {
            throw VarveError(.damaged, "the receipt breaks the format", file: path, cause: error)
        }
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
    package func read(_ location: RecordLocation) throws(VarveError) -> [UInt8] {
        guard !location.isDropped else {
            throw VarveError(
                .damaged, "step \(manifest.number) was forgotten, and this part of it pruned", file: manifestPath)
        }
        while true {
            guard let known = locations.withLock({ $0 }) else {
                throw VarveError(.damaged, "the step is not stored", file: manifestPath)
            }
            do throws(VarveError) {
                if let bytes = try known.read(location, manifestPath: manifestPath) { return bytes }
            } catch {
                guard let archive, let now = try known.renewed(manifest, of: archive) else { throw error }
                locations.withLock { $0 = now }
                continue
            }
            throw VarveError.forgotten(manifest.number, file: manifestPath)
        }
    }

    /// The error for stored bytes whose checksum was right but that do not decode.
    func undecodable(_ tensor: String?, _ location: RecordLocation?, _ cause: (any Error)?) -> VarveError {
        let found = location.flatMap { location in locations.withLock { $0?.location(of: location) } }
        return VarveError(
            .damaged, "stored bytes do not decode", file: found?.file ?? manifestPath,
            offset: found?.offset ?? location?.offset, tensor: tensor, cause: cause)
    }
}
