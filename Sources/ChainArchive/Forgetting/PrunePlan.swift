package import FileSystem

/// What pruning would do, found from manifests and directories alone.
package struct PrunePlan: Sendable {
    package enum Fate: Sendable, Hashable {
        /// Nothing needs it: its directory goes.
        case removed
        /// Only what later steps need stays.
        case reduced
        /// Nothing of it can go.
        case kept
    }

    /// A step that is marked as forgotten and still on disk.
    package struct Step: Sendable, Hashable {
        package var number: Int
        package var extent: ForgottenSteps.Extent
        package var fate: Fate
        package var freedBytes: Int
        /// The earliest step that builds on it.
        package var neededBy: Int?
    }

    /// Ascending.
    package private(set) var steps: [Step] = []
    /// The marks afterwards.
    package private(set) var forgotten: ForgottenSteps
    /// Bytes of all files that the archive would be smaller by; what interrupted writers left included.
    package private(set) var freedBytes = 0
    /// Directories of pruned steps that an interrupted pruning left.
    private(set) var remains: [StepVersion] = []
    /// Whether there is anything to do.
    package private(set) var isEmpty = true

    /// - Parameter forgotten: what is taken for forgotten, whatever the archive says now.
    /// - Throws: `.damaged` where a step that stays misses something: nothing may be taken from such an archive.
    package init(_ archive: ArchiveReader, forgotten: ForgottenSteps) throws(VarveError) {
        self.forgotten = forgotten
        for number in forgotten.marks.keys { self.forgotten.marks[number]?.pruned = forgotten.marks[number]?.extent }
        var needed = NeededRecords(archive, forgotten: forgotten)
        var found: [Step] = [], leftovers = 0
        try needed.walk { (number, need) throws(VarveError) in
            let directory = archive.stepDirectory(number)
            let onDisk = try ArchiveReader.storedBytes(directory: directory)
            guard let extent = forgotten.extent(number) else {
                if let step = need.step {
                    leftovers += Int(onDisk - min(onDisk, try archive.namedBytes(step.manifest)))
                }
                return
            }
            guard let step = need.step else {
                found.append(Step(number: number, extent: extent, fate: .removed, freedBytes: Int(onDisk)))
                return
            }
            var line = Step(number: number, extent: extent, fate: .kept, freedBytes: 0, neededBy: need.neededBy)
            if let reduced = try need.reduced(extent, archive) {
                line.fate = .reduced
                line.freedBytes = Int(onDisk) - Int(reduced.byteCount)
            } else {
                line.freedBytes = Int(onDisk - min(onDisk, try archive.namedBytes(step.manifest)))
            }
            found.append(line)
        }
        // Without its manifest a version that counted has no key of its own any more: the mark is under the step's number.
        for version in archive.uncommittedVersions
        where [archive.versions.key(version), version.number].contains(where: {
            forgotten.marks[$0]?.pruned == .whole
        }) {
            guard try archive.layout.workerCounts(version).isEmpty else { continue }
            remains.append(version)
            leftovers += Int(try ArchiveReader.storedBytes(directory: archive.layout.stepDirectory(version)))
        }
        steps = found.reversed()
        let before = (try? FileIdentity(path: archive.layout.forgottenManifest))?.byteCount ?? 0
        let after = try self.forgotten.sealed()?.count ?? 0
        freedBytes = steps.reduce(leftovers) { $0 + $1.freedBytes } + Int(before) - after
        isEmpty =
            leftovers == 0 && remains.isEmpty && self.forgotten == archive.forgotten
            && steps.allSatisfy { $0.fate == .kept && $0.freedBytes == 0 }
    }
}

extension NeededRecords.Need {
    /// The step without what nobody needs; `nil` where that would free nothing.
    func reduced(_ extent: ForgottenSteps.Extent, _ archive: ArchiveReader) throws(VarveError) -> ReducedStep? {
        guard let step else { return nil }
        let present = step.manifest.records.filter { !$0.location.isDropped }
        guard present.contains(where: { !records.contains($0.record) }) else { return nil }
        let reduced = try ReducedStep(step.manifest, keeping: records, extent: extent)
        return reduced.byteCount < (try archive.namedBytes(step.manifest)) ? reduced : nil
    }
}

extension ArchiveReader {
    /// Bytes of a step's manifest, of the parts that it names, and of their parity where there is one.
    func namedBytes(_ manifest: StepManifest) throws(VarveError) -> UInt64 {
        var bytes = try FileIdentity(path: stepManifest(manifest.number)).byteCount
        for part in manifest.parts {
            bytes = bytes.addingSaturated(part.byteCount)
            let parity = stepPart(manifest.number, ArchiveLayout.parityName(of: part.name))
            do throws(VarveError) {
                bytes = bytes.addingSaturated(try FileIdentity(path: parity).byteCount)
            } catch  where error.code == .notFound {}
        }
        return bytes
    }
}
