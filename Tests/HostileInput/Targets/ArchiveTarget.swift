import ChainArchive
import FileSystem
import TensorFiles
import Varve
import VarveTestSupport

/// Whole archives. The first byte chooses one of the small archives and a manifest of it, the rest is that manifest's
/// body; every checksum is right.
enum ArchiveTarget {
    private struct Place: Sendable {
        var archive: String
        /// `nil`: the manifest of the run.
        var step: Int?
    }

    /// Larger ones are not restored: a manifest may rightly say that a file has terabytes of zeros.
    private static let largestRestore: UInt64 = 16 << 20

    private static let refusals: Set<VarveError.Code> = [.damaged, .unsupported, .noSpace, .usage, .notAnArchive]

    private static let places: [Place] = {
        do {
            var places: [Place] = []
            for archive in try StoredRecord.archives() {
                let reader = try ArchiveReader(archive)
                places += reader.steps.map { Place(archive: archive, step: $0) }
                places.append(Place(archive: archive, step: nil))
            }
            return places
        } catch { fatalError("the small archives cannot be read: \(error)") }
    }()

    static func run(_ input: [UInt8]) throws {
        guard let first = input.first else { return }
        let place = places[Int(first) % places.count]
        let body = Array(input.dropFirst())
        // Most bodies break the format, and then nothing is done with the archive that `ManifestTarget` does not do.
        let entries =
            place.step == nil
            ? (try? RunManifest(decoding: body, file: "input"))?.entries
            : (try? StepManifest(decoding: body, file: "input"))?.entries
        guard let entries else { return }
        let restores = entries.reduce(UInt64(0)) { $0.addingSaturated($1.byteCount) } <= largestRestore
        let archive = try forge(place, body)
        defer { try? Directories.remove(archive) }
        let refusals = refusals, base = base(of: place.archive)
        _ = try BrokenPromise.allowing(refusals) { () throws(VarveError) in try Reporter(archive: archive).report() }
        try Waiting.run {
            do {
                _ = try await Verifier(archive: archive, deep: restores, base: base, threads: 1).verify()
                guard restores else { return }
                let selection = place.step.map { RestoreOptions.Selection.step($0) } ?? .all
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
    private static func forge(_ place: Place, _ body: [UInt8]) throws -> String {
        let copy = Scratch.directory.file("forged.varve")
        try Directories.remove(copy)
        for path in try SharedRuns.files(under: place.archive) {
            guard let relative = Paths.removing(place.archive, from: path) else { continue }
            try Scratch.write(try Scratch.bytes(path), to: copy + relative)
        }
        let layout = ArchiveLayout(copy)
        if let step = place.step {
            try Scratch.write(
                try SealedFile.seal(body, kind: .step), to: layout.stepManifest(StepVersion(number: step)))
        } else {
            try Scratch.write(try SealedFile.seal(body, kind: .run), to: layout.runManifest)
        }
        return copy
    }

    static func seeds() throws -> [[UInt8]] {
        var seeds: [[UInt8]] = []
        for (index, place) in places.enumerated() {
            let layout = ArchiveLayout(place.archive)
            if let step = place.step {
                seeds.append(
                    [UInt8(index)]
                        + (try SealedFile.open(layout.stepManifest(StepVersion(number: step)), kind: .step).body))
            } else if (try? FileIdentity(path: layout.runManifest)) != nil {
                seeds.append([UInt8(index)] + (try SealedFile.open(layout.runManifest, kind: .run).body))
            }
        }
        return seeds
    }
}
