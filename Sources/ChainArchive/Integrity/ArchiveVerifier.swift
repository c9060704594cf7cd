package import FileSystem

/// Compares every stored byte of an archive with its checksum, decoding nothing.
package struct ArchiveVerifier: Sendable {
    /// What is wrong, and with which step.
    package struct Finding: Sendable {
        /// `nil` for the archive itself or the run's own files.
        package var step: Int?
        package var error: VarveError
        /// The records that it concerns; `nil` for the whole step.
        package var records: Set<StepRecord>?

        package init(step: Int?, error: VarveError, records: Set<StepRecord>? = nil) {
            self.step = step
            self.error = error
            self.records = records
        }
    }

    package let archive: ArchiveReader

    package init(_ archive: ArchiveReader) { self.archive = archive }

    /// Checks one step: manifest, sizes, headers, checksums, that records cover the parts without gaps, and that its
    /// predecessor is there.
    /// - Parameter progress: told the number of bytes read.
    package func check(_ number: Int, progress: (Int) -> Void = { _ in }) -> [Finding] {
        var findings: [Finding] = []
        do throws(VarveError) {
            let step = try OpenStep(number, of: archive)
            let manifest = step.manifest
            if case .step(let before, _) = manifest.predecessor, !archive.stored.contains(before),
                archive.forgotten.marks[before]?.pruned != .whole
            {
                throw VarveError(.damaged, "step \(before), on which it builds, is missing", file: step.manifestPath)
            }
            try checkPayloadLocations(of: step)
            findings += Self.check(
                manifest.records.filter { !$0.location.isDropped }, parts: manifest.parts, step: number,
                path: { archive.stepPart(number, $0) },
                read: { (location) throws(VarveError) in try step.read(location) }, progress: progress)
            findings += Self.checkParity(of: manifest.parts, step: number) { archive.stepPart(number, $0) }
        } catch {
            findings.append(Finding(step: number, error: error))
        }
        return Self.sayingWhatCanBeMended(findings)
    }

    /// Payload that other steps store must be there. What a forgotten step still needs shows in the steps that need it.
    private func checkPayloadLocations(of step: OpenStep) throws(VarveError) {
        guard archive.forgotten.extent(step.manifest.number) != .whole else { return }
        var opened: [Int: StepManifest] = [:]
        for entry in step.manifest.entries {
            for block in entry.payload {
                guard case .elsewhere(let location) = block.content, location.step != step.manifest.number else {
                    continue
                }
                guard archive.stored.contains(location.step) else {
                    throw VarveError(
                        .damaged, "step \(location.step), which stores bytes of \(entry.path), is missing",
                        file: step.manifestPath)
                }
                // Its own damage is its own finding.
                let manifest = opened[location.step] ?? (try? archive.manifest(location.step))
                guard let manifest else { continue }
                opened[location.step] = manifest
                guard manifest.holds(block, at: location) else {
                    throw VarveError(
                        .damaged, "step \(location.step) does not store the bytes of \(entry.path) that it should",
                        file: step.manifestPath)
                }
            }
        }
    }

    /// Checks the run's own files. A writer may replace them meanwhile; then it looks again.
    package func checkRun() -> [Finding] {
        var findings: [Finding] = []
        for _ in 0..<4 {
            let before = try? FileIdentity(path: archive.layout.runManifest)
            findings = checkRunOnce()
            if findings.isEmpty || before == (try? FileIdentity(path: archive.layout.runManifest)) { break }
        }
        return findings
    }

    /// Checks `manifests.parity`, and that every manifest that it covers is there.
    package func checkParity() -> [Finding] {
        for _ in 0..<4 {
            do throws(VarveError) {
                guard let parity = try ManifestParity.read(archive.layout) else { return [] }
                let present = Set(try archive.layout.manifests().map(\.path))
                let lost = parity.covered.keys.filter { !present.contains($0) }.sorted()
                if lost.isEmpty { return [] }
                // A writer may have pruned in between.
                guard try ManifestParity.read(archive.layout) == parity else { continue }
                return lost.map { path in
                    let directory = Paths.split(Paths.split(path).directory).name
                    return Finding(
                        step: StepVersion(directoryName: directory)?.number,
                        error: VarveError(
                            .damaged, "the manifest is missing; `Archive.repair` makes it again",
                            file: Paths.join(archive.layout.root, path)))
                }
            } catch {
                return [Finding(step: nil, error: error)]
            }
        }
        return []
    }

    private func checkRunOnce() -> [Finding] {
        do throws(VarveError) {
            guard let manifest = try archive.runManifest() else { return [] }
            let readers = try archive.parts(manifest)
            let findings = Self.check(
                manifest.records, parts: manifest.parts, step: nil, path: { Paths.join(archive.layout.root, $0) },
                read: { (location) throws(VarveError) in try readers[location.part].read(location) })
            return Self.sayingWhatCanBeMended(
                findings
                    + Self.checkParity(of: manifest.parts, step: nil) { Paths.join(archive.layout.root, $0) })
        } catch {
            return Self.sayingWhatCanBeMended([Finding(step: nil, error: error)])
        }
    }

    static func check(
        _ records: [(record: StepRecord, location: RecordLocation)], parts: [StepManifest.Part], step: Int?,
        path: (String) -> String,
        read: (RecordLocation) throws(VarveError) -> [UInt8]?, progress: (Int) -> Void = { _ in }
    ) -> [Finding] {
        var findings: [Finding] = []
        var ends = [UInt64](repeating: UInt64(PartHeader.size), count: parts.count)
        let ordered = records.sorted {
            let (left, right) = ($0.location, $1.location)
            return (left.part, left.offset, left.byteCount) < (right.part, right.offset, right.byteCount)
        }
        for (record, location) in ordered {
            if location.offset > ends[location.part] {
                findings.append(
                    unclaimed(path(parts[location.part].name), at: ends[location.part], step: step))
            }
            do throws(VarveError) {
                _ = try read(location)
                progress(Int(location.byteCount))
            } catch {
                findings.append(Finding(step: step, error: error, records: [record]))
            }
            ends[location.part] = max(ends[location.part], location.offset + location.byteCount)
        }
        for (index, part) in parts.enumerated() where ends[index] != part.byteCount {
            findings.append(unclaimed(path(part.name), at: ends[index], step: step))
        }
        return findings
    }

    /// Bytes that are no record's harm none.
    private static func unclaimed(_ path: String, at offset: UInt64, step: Int?) -> Finding {
        Finding(
            step: step, error: VarveError(.damaged, "bytes that no record claims", file: path, offset: offset),
            records: [])
    }
}

extension RunManifest {
    /// What its part holds. They are no step's records: all of them stand for one.
    var records: [(record: StepRecord, location: RecordLocation)] {
        entries.flatMap { $0.payload.compactMap(\.location) }.map { (.losslessGroup(0), $0) }
    }
}

extension ArchiveReader {
    /// Readers for the parts of the run's own files.
    package func parts(_ manifest: RunManifest) throws(VarveError) -> [PartReader] {
        var readers: [PartReader] = []
        for part in manifest.parts {
            readers.append(
                try PartReader(Paths.join(layout.root, part.name), byteCount: part.byteCount, number: PartHeader.run))
        }
        return readers
    }
}
