package import FileSystem

/// Where the records of a step lie. Pruning replaces the part of a step that others build on, also while somebody
/// reads it: readers have no lock.
struct RecordLocations: Sendable {
    /// Of the manifest that names the parts.
    private let identity: FileIdentity
    private let parts: [PartReader]
    /// Where records lie now, by where the manifest had them that the step was opened with. `nil` where it is that one.
    private let moved: [RecordLocation: RecordLocation]?

    init(identity: FileIdentity, parts: [PartReader], moved: [RecordLocation: RecordLocation]?) {
        (self.identity, self.parts, self.moved) = (identity, parts, moved)
    }

    /// Of a step that nobody else changes.
    init(parts: [PartReader], identity: FileIdentity) { self.init(identity: identity, parts: parts, moved: nil) }

    /// Reads a step's manifest and opens its parts, as often as somebody replaces them in between.
    static func open(
        _ number: Int, of archive: ArchiveReader, readsParts: Bool = true
    ) throws(VarveError) -> (manifest: StepManifest, locations: RecordLocations) {
        while true {
            let identity = try archive.manifestIdentity(number)
            let manifest = try archive.manifest(number)
            do throws(VarveError) {
                let parts = readsParts ? try archive.parts(manifest) : []
                return (manifest, RecordLocations(identity: identity, parts: parts, moved: nil))
            } catch {
                guard try isReplaced(number, of: archive, since: identity) else { throw error }
            }
        }
    }

    /// Whether a failure may come from the manifest being an old one.
    /// - Throws: `.forgotten` where the step is gone.
    private static func isReplaced(
        _ number: Int, of archive: ArchiveReader, since identity: FileIdentity
    ) throws(VarveError) -> Bool {
        do throws(VarveError) {
            return try archive.manifestIdentity(number) != identity
        } catch {
            if error.code == .forgotten { throw error }
            return false
        }
    }

    /// The locations as they are by now; `nil` where nobody changed anything.
    /// - Parameter manifest: what the step was opened with.
    func renewed(_ manifest: StepManifest, of archive: ArchiveReader) throws(VarveError) -> RecordLocations? {
        let number = manifest.number
        guard try Self.isReplaced(number, of: archive, since: identity) else { return nil }
        let (now, locations) = try Self.open(number, of: archive)
        let old = manifest.records, new = now.records
        var moved: [RecordLocation: RecordLocation] = [:]
        for (old, new) in zip(old, new) {
            guard old.record == new.record else { break }
            moved[old.location] = new.location
        }
        guard old.count == new.count, moved.count == Set(old.map(\.location)).count,
            now.weightsDigest == manifest.weightsDigest
        else {
            throw VarveError(
                .damaged, "the manifest was replaced by that of another step", file: archive.stepManifest(number)
            )
        }
        return RecordLocations(identity: locations.identity, parts: locations.parts, moved: moved)
    }

    /// The bytes of a record, checksum compared; `nil` where it was pruned.
    func read(_ location: RecordLocation, manifestPath: String) throws(VarveError) -> [UInt8]? {
        let current = moved?[location] ?? location
        guard !current.isDropped else { return nil }
        guard parts.indices.contains(current.part) else {
            throw VarveError(.damaged, "the part is missing", file: manifestPath)
        }
        return try parts[current.part].read(current)
    }

    /// The file and the offset at which a record lies.
    func location(of record: RecordLocation) -> (file: String, offset: UInt64)? {
        let current = moved?[record] ?? record
        return parts.indices.contains(current.part) ? (parts[current.part].path, current.offset) : nil
    }
}

extension VarveError {
    /// A step that was there when its archive was opened.
    package static func forgotten(_ number: Int, file: String) -> VarveError {
        VarveError(.forgotten, "step \(number) was forgotten and pruned meanwhile", file: file)
    }
}
