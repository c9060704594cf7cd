import ChainArchive
import Glibc
import FileSystem
import TensorFiles
import Varve
import VarveTestSupport

/// One archive under damage: every byte of every file changed in ten ways, every file cut at every length.
///
/// Of each damaged archive: `verify` says so and names the file, or, where it is of a version that does not exist, the
/// archive is refused; every step decodes to what the intact archive decodes to, or is refused; the steps that `verify`
/// calls restorable are. On top of that whole steps are restored to disk for one change of each byte and for each cut; and for
/// one change of each byte the archive is repaired, and has to be what it was.
package struct ArchiveDamage {
    /// How much of it is done.
    package enum Extent: Sendable {
        case all
        /// Every n-th change and cut, beginning with a seed's.
        case every(Int, seed: UInt64)
    }

    /// What was done and seen.
    package struct Outcome: Sendable {
        package var bytes = 0
        package var changes = 0
        package var cuts = 0
        package var restores = 0
        package var restored = 0
        /// Steps that `verify` gave up although they restore: damage in what only other tensors need.
        package var doubted = 0
        package var decoded = 0
        package var refused = 0
        /// Changes after which a repair made the archive again what it was: all that were tried.
        package var repaired = 0
        /// Growth of the process' largest memory over that with the intact archive, in bytes.
        package var memoryGrowth = 0
    }

    /// Most memory that damage may cost; none of the archives declares as much as a megabyte. For whoever has the process
    /// to himself.
    package static let memoryLimit = 64 << 20

    private let archive: String
    private let base: String?
    private let scratch: String
    private let steps: [Int]
    private let files: [String]
    private let decoded: [Int: [[UInt8]]]
    private let restored: [RestoreOptions.Selection: [String: [UInt8]]]

    /// - Parameter scratch: an empty directory for restores.
    package init(archive: String, base: String?, scratch: String) async throws {
        (self.archive, self.base, self.scratch) = (archive, base, scratch)
        let reader = try ArchiveReader(archive)
        steps = reader.steps
        files = try SharedRuns.files(under: archive)
        var decoded: [Int: [[UInt8]]] = [:]
        let decoder = try Self.decoder(archive, base)
        for step in reader.steps { decoded[step] = try Self.decode(step, decoder) }
        self.decoded = decoded
        var restored: [RestoreOptions.Selection: [String: [UInt8]]] = [:]
        for selection in reader.steps.map({ RestoreOptions.Selection.step($0) }) + [.all] {
            let output = Paths.join(scratch, "good")
            try await Restorer(
                archive: archive, options: RestoreOptions(selection: selection, base: base, threads: 1)
            ).restore(to: output)
            restored[selection] = try TreeContent.read(output)
            try Directories.remove(output)
        }
        self.restored = restored
    }

    /// - Throws: `BrokenPromise` that names the file and the damage.
    package func run(_ extent: Extent) async throws -> Outcome {
        var outcome = Outcome()
        let before = Self.largestMemory()
        var countdown = Countdown(extent)
        let interval = countdown.interval
        for path in files {
            let bytes = try Scratch.bytes(path)
            outcome.bytes += bytes.count
            for position in bytes.indices {
                let values = (0..<8).map { bytes[position] ^ (1 << $0) } + [0, 0xFF]
                for (kind, value) in values.enumerated() where value != bytes[position] && countdown.isNext() {
                    var damaged = bytes
                    damaged[position] = value
                    outcome.changes += 1
                    try await check(
                        damaged, path, "byte \(position) as \(value)", restores: kind == position % 8, &outcome)
                    guard kind == (position + 3) % 8 || interval > 1 else { continue }
                    try repair(path, to: bytes, "byte \(position) as \(value)", &outcome)
                }
            }
            for count in bytes.indices where countdown.isNext() {
                outcome.cuts += 1
                try await check(Array(bytes[..<count]), path, "cut at \(count)", restores: true, &outcome)
            }
            try overwrite(path, bytes)
        }
        outcome.memoryGrowth = Self.largestMemory() - before
        let result = try await Verifier(archive: archive, deep: true, base: base, threads: 1).verify()
        try BrokenPromise.unless(result.isIntact, "the archive did not come back as it was")
        return outcome
    }

    private func check(
        _ damaged: [UInt8], _ path: String, _ damage: String, restores: Bool, _ outcome: inout Outcome
    ) async throws {
        try overwrite(path, damaged)
        func unless(_ condition: Bool, _ message: @autoclosure () -> String) throws {
            try BrokenPromise.unless(condition, "\(path), \(damage): \(message())")
        }
        var unrestorable = Set(steps)
        do throws(VarveError) {
            let result = try await Verifier(archive: archive, base: base, threads: 1).verify()
            let isNamed = result.findings.contains { $0.file == path }
            do { try unless(isNamed, "not found, or another file named: \(result.findings)") } catch {
                throw VarveError(.different, "\(error)")
            }
            if !result.steps.isEmpty { unrestorable = Set(result.unrestorable) }
        } catch {
            try unless(error.code == .unsupported && error.location.file == path, "\(error)")
        }
        let decoder = try? Self.decoder(archive, base)
        for step in steps {
            do {
                guard let decoder else { throw VarveError(.damaged, "the archive is refused") }
                let tensors = try Self.decode(step, decoder)
                try unless(tensors == decoded[step], "step \(step) decodes to something else")
                outcome.decoded += 1
                if unrestorable.contains(step) { outcome.doubted += 1 }
            } catch let error as VarveError {
                try unless(Self.refusals.contains(error.code), "step \(step): \(error.code): \(error)")
                try unless(unrestorable.contains(step), "step \(step) is said to be fine: \(error)")
                outcome.refused += 1
            }
        }
        guard restores else { return }
        for (selection, content) in restored {
            outcome.restores += 1
            let output = Paths.join(scratch, "out")
            defer { try? Directories.remove(output) }
            do throws(VarveError) {
                try await Restorer(
                    archive: archive, options: RestoreOptions(selection: selection, base: base, threads: 1)
                ).restore(to: output)
            } catch {
                try unless(Self.refusals.contains(error.code), "\(selection): \(error.code): \(error)")
                try unless(!Directories.exists(output), "\(selection): something partial was left")
                if case .step(let step) = selection {
                    try unless(unrestorable.contains(step), "step \(step) is said to be fine: \(error)")
                }
                continue
            }
            let there = try TreeContent.read(output)
            // Where it cannot be read what is forgotten, nothing is: marked steps come back with the others.
            let isSame =
                path.hasSuffix("/forgotten.manifest")
                ? content.allSatisfy { there[$0.key] == $0.value } : there == content
            try unless(isSame, "\(selection) is restored as something else")
            outcome.restored += 1
        }
        try unless(try SystemCalls.list(scratch).isEmpty, "something was left behind")
    }

    /// Repairs the damaged archive.
    private func repair(_ path: String, to bytes: [UInt8], _ damage: String, _ outcome: inout Outcome) throws {
        func unless(_ condition: Bool, _ message: @autoclosure () -> String) throws {
            try BrokenPromise.unless(condition, "\(path), \(damage): \(message())")
        }
        let planned: RepairResult, done: RepairResult
        do throws(VarveError) {
            planned = try Repairer(archive: archive).repair(dryRun: true)
            done = try Repairer(archive: archive).repair()
        } catch {
            // A version that does not exist; no damage by the look of it.
            return try unless(error.code == .unsupported && error.location.file == path, "not repaired: \(error)")
        }
        try unless(done.lost.isEmpty && planned.lost.isEmpty, "lost: \(done.lost)")
        try unless(done.repaired.count + done.mended.count == 1 && done.added.isEmpty, "repaired otherwise: \(done)")
        try unless(try Scratch.bytes(path) == bytes, "repaired to something else")
        try unless(Set(try SharedRuns.files(under: archive)) == Set(files), "there are other files")
        outcome.repaired += 1
    }

    private static let refusals: Set<VarveError.Code> = [.damaged, .unsupported, .notAnArchive]

    private static func decoder(_ archive: String, _ base: String?) throws -> ChainDecoder {
        ChainDecoder(try ArchiveReader(archive), base: try base.map { try FileBase($0) })
    }

    /// Every tensor and payload block of a step.
    private static func decode(_ number: Int, _ decoder: ChainDecoder) throws -> [[UInt8]] {
        let manifest = try decoder.step(number).manifest
        var tensors: [[UInt8]] = []
        for unit in manifest.decodingUnits() { tensors += try decoder.decodeUnit(unit, of: number).map(\.bytes) }
        for (index, entry) in manifest.entries.enumerated() {
            for block in entry.payload.indices {
                tensors.append(try decoder.payload(entry: index, block: block, of: number))
            }
        }
        return tensors
    }

    /// In place: a new file each time would be slower, and damage happens in place too.
    private func overwrite(_ path: String, _ bytes: [UInt8]) throws {
        guard let file = fopen(path, "wb") else { throw SystemCalls.error(errno, .open, path) }
        defer { fclose(file) }
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw SystemCalls.error(errno, .write, path) }
    }

    private static func largestMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }

    /// Which changes are made.
    private struct Countdown {
        let interval: Int
        private var left: Int

        init(_ extent: Extent) {
            switch extent {
            case .all: (interval, left) = (1, 1)
            case .every(let count, let seed):
                var random = SplitMix64(seed: seed)
                (interval, left) = (count, 1 + Int(random.next() % UInt64(count)))
            }
        }

        mutating func isNext() -> Bool {
            left -= 1
            guard left == 0 else { return false }
            left = interval
            return true
        }
    }
}
