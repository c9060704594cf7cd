import ChainArchive
import FileSystem
import TensorFiles
import Varve
import VarveTestSupport

/// Whole archives. The first byte chooses one of the small archives and a manifest of it, the rest is that manifest's
/// body; every checksum is right.
enum ArchiveTarget {
    private struct Location: Sendable {
        var archive: String
        /// `nil`: the manifest of the run.
        var step: Int?
    }

    /// Larger ones are not restored: a manifest may rightly say that a file has terabytes of zeros.
    private static let largestRestore: UInt64 = 16 << 20

    private static let refusals: Set<VarveError.Code> = [.damaged, .unsupported, .noSpace, .usage, .notAnArchive]

    private static let locations: [Location] = {
        do {
            var locations: [Location] = []
            for archive in try StoredRecord.archives() {
                let reader = try ArchiveReader(archive)
                locations += reader.steps.map { Location(archive: archive, step: $0) }
                locations.append(Location(archive: archive, step: nil))
            }
            return locations
        } catch { fatalError("the small archives cannot be read: \(error)") }
    }()

    static func run(_ input: [UInt8]) throws {
        guard let first = input.first else { return }
        let location = locations[Int(first) % locations.count]
        let body = Array(input.dropFirst())
        // Most bodies break the format, and then nothing is done with the archive that `ManifestTarget` does not do.
        let entries =
            location.step == nil
            ? (try? RunManifest(decoding: body, file: "input"))?.entries
            : (try? StepManifest(decoding: body, file: "input"))?.entries
        guard let entries else { return }
        let restores = entries.reduce(UInt64(0)) { $0.addingSaturated($1.byteCount) } <= largestRestore
        let archive = try forge(location, body)
        defer { try? Directories.remove(archive) }
        let refusals = refusals, base = base(of: location.archive)
        _ = try BrokenPromise.allowing(refusals) { () throws(VarveError) in try Reporter(archive: archive).report() }
        try Waiting.run {
            do {
                _ = try await Verifier(archive: archive, deep: restores, base: base, threads: 1).verify()
                guard restores else { return }
                let selection = location.step.map { RestoreOptions.Selection.step($0) } ?? .all
                let output = Scratch.directory.file("restored")
                defer { try? Directories.remove(output) }
                try await Restorer(
                    archive: archive, options: RestoreOptions(selection: selection, base: base, threads: 1)
                ).restore(to: output)
            } catch let error as VarveError {
                try BrokenPromise.unless(
                    refusals.contains(error.code), "an error of another kind: \(error.code): \(error)")
            }
        }
    }

    private static func base(of archive: String) -> String? {
        archive.hasSuffix("mixed.varve") ? SharedRuns.fixtures("fuzz/base.safetensors") : nil
    }

    /// A copy of the archive with another manifest.
    private static func forge(_ location: Location, _ body: [UInt8]) throws -> String {
        let copy = Scratch.directory.file("forged.varve")
        try Directories.remove(copy)
        for path in try SharedRuns.files(under: location.archive) {
            guard let relative = Paths.removing(location.archive, from: path) else { continue }
            try Scratch.write(try Scratch.bytes(path), to: copy + relative)
        }
        let layout = ArchiveLayout(copy)
        if let step = location.step {
            try Scratch.write(
                try ManifestFile.seal(body, kind: .step), to: layout.stepManifest(StepVersion(number: step)))
        } else {
            try Scratch.write(try ManifestFile.seal(body, kind: .run), to: layout.runManifest)
        }
        return copy
    }

    static func seeds() throws -> [[UInt8]] {
        var seeds: [[UInt8]] = []
        for (index, location) in locations.enumerated() {
            let layout = ArchiveLayout(location.archive)
            if let step = location.step {
                seeds.append(
                    [UInt8(index)]
                        + (try ManifestFile.open(layout.stepManifest(StepVersion(number: step)), kind: .step).body))
            } else if (try? FileIdentity(path: layout.runManifest)) != nil {
                seeds.append([UInt8(index)] + (try ManifestFile.open(layout.runManifest, kind: .run).body))
            }
        }
        return seeds
    }
}
