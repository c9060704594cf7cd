import TensorFiles
import ChainArchive
import FileSystem

/// Reads an archive's manifests into a report. No tensor is decoded.
package struct Reporter: Sendable {
    package let archive: String

    package init(archive: String) { self.archive = archive }

    /// - Parameter ranges: steps to report; `nil` for all, the archive's own files included.
    /// - Throws: `.notAnArchive`, `.notFound`, `.damaged`, `.unsupported`; `.usage` where a range has no step.
    package func report(steps ranges: [ClosedRange<Int>]? = nil) throws(VarveError) -> Report {
        let reader = try ArchiveReader(archive)
        let numbers = try ranges.map { (ranges) throws(VarveError) in
            try StepNumbers.select(ranges, from: reader.steps)
        }
        var report = Report(steps: [], total: .init(), roles: [:], chain: .init(), keyframes: .init())
        var costs = ChainCosts(reader)
        for number in numbers ?? reader.steps {
            var step = try self.step(number, reader)
            step.restoreCost = try? costs.cost(of: number)?.inKeyframes
            report.total.add(step.total)
            for category in Report.Category.allCases {
                guard let figures = step.roles[category] else { continue }
                report.roles[category, default: .init()].add(figures)
                guard category.isOfParameters else { continue }
                if step.isKeyframe { report.keyframes.add(figures) } else { report.chain.add(figures) }
            }
            report.steps.append(step)
        }
        if ranges == nil {
            var own = Report.Figures()
            own.storedBytes = try ArchiveReader.storedBytes(directory: reader.layout.root)
            for number in reader.stored where reader.forgotten.extent(number) == .whole {
                let directory = reader.stepDirectory(number)
                let bytes = try ArchiveReader.storedBytes(directory: directory)
                own.storedBytes = own.storedBytes.addingSaturated(bytes)
                if StepVersion.isReplaced(number) {
                    report.replaced[StepVersion.number(number), default: 0] += bytes
                } else {
                    report.forgotten[number] = bytes
                }
            }
            for entry in try reader.runManifest()?.entries ?? [] {
                own.originalBytes = own.originalBytes.addingSaturated(entry.byteCount)
            }
            report.total.add(own)
            report.roles[.payload, default: .init()].add(own)
        }
        return report
    }

    private func step(_ number: Int, _ reader: ArchiveReader) throws(VarveError) -> Report.Step {
        let manifest = try reader.manifest(number)
        var roles: [Report.Category: Report.Figures] = [:]
        for role in TensorRole.allCases { roles[Report.Category(role)] = .init() }
        var files = manifest.entries.map { entry in
            var figures = Report.Figures()
            figures.originalBytes = entry.isFile ? entry.byteCount : 0
            figures.storedBytes = entry.storedPayloadBytes
            return Report.File(
                path: entry.path, figures: figures, payloadBytes: figures.originalBytes,
                storedPayloadBytes: figures.storedBytes)
        }
        var tensors: [Report.Tensor] = []
        let lacksMoments = reader.forgotten.extent(number) == .moments
        var lost: UInt64 = 0
        for record in manifest.tensors {
            let role = TensorRole(record.identity.playedRole)
            var figures = Report.Figures()
            figures.storedBytes = UInt64(record.statistics.storedBytes)
            if lacksMoments, manifest.isMoment(record) {
                // What cannot be restored is nothing that was saved; bytes that later steps need count all the same.
                lost += record.pieces.storedBytes
                record.forEachFile(figures) { file, bytes, part in
                    files[file].figures.originalBytes -= min(files[file].figures.originalBytes, bytes)
                    files[file].payloadBytes -= min(files[file].payloadBytes, bytes)
                    files[file].figures.add(part)
                }
                roles[Report.Category(role), default: .init()].add(figures)
                continue
            }
            figures.originalBytes = record.pieces.storedBytes
            figures.squaredError = record.statistics.squaredError
            figures.referenceEnergy = record.statistics.referenceEnergy
            figures.largestError = record.statistics.largestError
            figures.elementCount = UInt64(record.count)
            figures.prunedCount = UInt64(record.statistics.prunedCount)
            var sum = Report.Figures()
            sum.add(figures)
            roles[Report.Category(role), default: .init()].add(sum)
            var inFile = sum
            inFile.originalBytes = 0
            record.forEachFile(inFile) { file, bytes, part in
                files[file].payloadBytes -= min(files[file].payloadBytes, bytes)
                files[file].figures.add(part)
            }
            tensors.append(
                Report.Tensor(
                    name: record.name, role: role, key: record.key,
                    dtype: record.dtype, shape: record.shape, file: manifest.entries[record.pieces.start.file].path,
                    files: Set(record.pieces.all.map(\.file)).sorted().map { manifest.entries[$0].path },
                    coding: Report.Coding(record.coding),
                    isExact: record.isOriginal, pairing: Report.Pairing(record.statistics.pairing), figures: sum))
        }
        var total = Report.Figures()
        for role in TensorRole.allCases { total.add(roles[Report.Category(role)] ?? .init()) }
        // Whatever is on disk and no tensor's is payload: file contents, part headers, parity, the manifest.
        var payload = Report.Figures()
        let onDisk = try ArchiveReader.storedBytes(directory: reader.stepDirectory(number))
        let original = manifest.entries.reduce(UInt64(0)) { $0 + ($1.isFile ? $1.byteCount : 0) }
        payload.storedBytes = onDisk - min(onDisk, total.storedBytes)
        payload.originalBytes = original - min(original, total.originalBytes.addingSaturated(lost))
        roles[.payload] = payload
        total.add(payload)
        return Report.Step(
            number: number, path: manifest.path, isKeyframe: manifest.isKeyframe, method: manifest.method, total: total,
            roles: roles, tensors: tensors,
            files: files.enumerated().filter { manifest.entries[$0.offset].isFile }.map(\.element),
            notes: manifest.notes, kept: KeptChange(manifest, bound: nil),
            isPinned: reader.forgotten.pins.contains(number), lacksMoments: lacksMoments)
    }
}

extension TensorPieces {
    /// Bytes of files that the tensor fills, replicas included.
    fileprivate var storedBytes: UInt64 { all.reduce(0) { $0 + UInt64(range($1).count) } }
}

extension TensorRecord {
    /// Deals figures out to the files that the tensor lies in, by the bytes that it fills of each.
    fileprivate func forEachFile(_ figures: Report.Figures, _ body: (Int, UInt64, Report.Figures) -> Void) {
        if let run = pieces.run { return body(run.file, UInt64(run.range.count), figures) }
        let whole = pieces.storedBytes
        var done: UInt64 = 0
        for piece in pieces.all {
            let bytes = UInt64(pieces.range(piece).count)
            body(piece.file, bytes, figures.part(done..<done + bytes, of: whole))
            done += bytes
        }
    }
}

extension Report.Figures {
    /// The share of a part of `whole` bytes. The shares of all parts add up.
    fileprivate func part(_ range: Range<UInt64>, of whole: UInt64) -> Report.Figures {
        func share(_ value: UInt64) -> UInt64 {
            func before(_ end: UInt64) -> UInt64 {
                // No overflow: `end` is at most `whole`.
                whole == 0 ? 0 : whole.dividingFullWidth(value.multipliedFullWidth(by: end)).quotient
            }
            return before(range.upperBound) - before(range.lowerBound)
        }
        let portion = whole == 0 ? 0 : Double(range.count) / Double(whole)
        var part = Report.Figures()
        (part.originalBytes, part.storedBytes) = (share(originalBytes), share(storedBytes))
        (part.elementCount, part.prunedCount) = (share(elementCount), share(prunedCount))
        (part.squaredError, part.referenceEnergy) = (squaredError * portion, referenceEnergy * portion)
        part.largestError = largestError
        return part
    }
}
