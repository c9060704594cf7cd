import FileSystem

extension ArchiveRepair {
    /// Mends parts by their parity, and gives a parity to sound parts that have none.
    ///
    /// Parts of a step whose manifest is not intact are left as they are: nobody knows what they should be.
    func repairParts(_ outcome: inout Outcome) throws(VarveError) {
        let archive: ArchiveReader
        // Without `archive.manifest` it is a dry run: it would be there again.
        do throws(VarveError) {
            archive = try ArchiveReader(layout.root)
        } catch  where error.code == .damaged {
            return
        }
        if let manifest = try whereIntact({ () throws(VarveError) in try archive.runManifest() }) {
            for (index, part) in manifest.parts.enumerated() {
                let records = manifest.records.filter { $0.location.part == index }
                try repair(
                    NamedPart(
                        path: part.name, byteCount: part.byteCount, number: PartHeader.run, records: records),
                    &outcome)
            }
        }
        for step in archive.stored {
            guard let manifest = try whereIntact({ () throws(VarveError) in try archive.manifest(step) }) else {
                continue
            }
            let directory = Paths.join("steps", archive.versions.version(step).directoryName)
            for (index, part) in manifest.parts.enumerated() {
                let records = manifest.records.filter { !$0.location.isDropped && $0.location.part == index }
                try repair(
                    NamedPart(
                        path: Paths.join(directory, part.name), byteCount: part.byteCount,
                        number: UInt64(StepVersion.number(step)), records: records),
                    &outcome)
            }
        }
    }

    /// `nil` for a manifest that is damaged: it is told as lost already.
    private func whereIntact<Manifest>(
        _ read: () throws(VarveError) -> Manifest?
    ) throws(VarveError) -> Manifest? {
        do throws(VarveError) { return try read() } catch  where error.code == .damaged { return nil }
    }

    /// A part as a manifest describes it.
    private struct NamedPart {
        /// Relative to the archive.
        let path: String
        let byteCount: UInt64
        let number: UInt64
        let records: [(record: StepRecord, location: RecordLocation)]

        /// - Throws: `.damaged` where the bytes at `path` are not those that the manifest describes.
        func check(_ path: String) throws(VarveError) {
            let reader = try PartReader(path, byteCount: byteCount, number: number)
            let alone = records.map { (record, location) in
                var location = location
                location.part = 0
                return (record: record, location: location)
            }
            let findings = ArchiveVerifier.check(
                alone, parts: [.init(name: path, byteCount: byteCount)], step: nil, path: { $0 },
                read: { (location) throws(VarveError) in try reader.read(location) })
            if let first = findings.first { throw first.error }
        }
    }

    private func repair(_ part: NamedPart, _ outcome: inout Outcome) throws(VarveError) {
        let path = Paths.join(layout.root, part.path), beside = ArchiveLayout.parityName(of: path)
        var parity: PartParity?, isDamaged = false
        do throws(VarveError) { parity = try PartParity.read(beside) } catch  where error.code == .damaged {
            isDamaged = true
        }
        var mending: PartMender.Mending?
        if let found = parity, found.byteCount == part.byteCount {
            do throws(VarveError) {
                switch try PartMender(path, found).examine() {
                case .intact: return
                case .mendable(let needed): mending = needed
                case .beyond: break
                }
            } catch  where error.code == .notFound {
                return outcome.lost.append((part.path, "the part is missing"))
            }
        }
        do throws(VarveError) { try part.check(path) } catch  where [.damaged, .inputOutput].contains(error.code) {
            guard let parity, let mending else {
                return outcome.lost.append((part.path, reason(parity, isDamaged, part, error)))
            }
            if lock != nil {
                try PartMender(path, parity).mend(mending) { (path) throws(VarveError) in try part.check(path) }
            }
            return outcome.mended.append(.init(path: part.path, mending.byteCount, at: mending.offset))
        }
        // The second time the disk gave everything.
        if let mending, mending.byteCount == 0 { return }
        // The part is what its manifest says: if its parity is of another, it is the parity's fault.
        isDamaged = isDamaged || parity != nil
        if lock != nil {
            guard try write(parityOf: path, part.byteCount, to: beside) else { return }
        } else if PartParity.byteCount(ofPart: part.byteCount) == 0 {
            return
        }
        let name = ArchiveLayout.parityName(of: part.path)
        if isDamaged { outcome.repaired.append(name) } else { outcome.added.append(name) }
    }

    private func write(parityOf path: String, _ byteCount: UInt64, to beside: String) throws(VarveError) -> Bool {
        var maker = try PartParityMaker(reading: try InputFile(path), byteCount: byteCount)
        guard let parity = maker.finish() else { return false }
        try ArchiveWriter.write(parity.sealed, to: beside)
        return true
    }

    private func reason(
        _ parity: PartParity?, _ isDamaged: Bool, _ part: NamedPart, _ error: VarveError
    ) -> String {
        if isDamaged { return "the part and its parity are damaged" }
        guard let parity else {
            return error.message.replacing(PartReader.hint, with: "") + ", and the part has no parity"
        }
        guard parity.byteCount == part.byteCount else { return "its parity is of another part" }
        return "more is damaged than its parity can mend"
    }
}
