import ChainArchive
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// The same payload is stored once in an archive, whatever it is called and whichever step it belongs to.
@Suite struct PayloadLocationTests {
    let workshop = RunWorkshop()

    private static func random(_ count: Int, _ seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    /// Of every step the same large file, twice, and a small one of its own; in the third, one of the first returns.
    private func write(_ steps: ClosedRange<Int>, to run: String = "run") throws {
        for step in steps {
            let directory = workshop.path("\(run)/checkpoint-\(step)")
            let large = Self.random(5_000_000, 1)
            try Trees.write(large, to: directory + "/large.bin")
            try Trees.write(large, to: directory + "/below/again.bin")
            try Trees.write(Self.random(100_000, UInt64(step % 2) + 10), to: directory + "/own.bin")
        }
    }

    private func locations(_ step: Int) throws -> [PayloadLocation] {
        let manifest = try ArchiveReader(workshop.path("a.varve")).manifest(step)
        return manifest.entries.flatMap(\.payload).compactMap {
            if case .elsewhere(let location) = $0.content { location } else { nil }
        }
    }

    @Test func identicalPayloadIsStoredOnce() async throws {
        try write(1...5)
        try await workshop.compress(keyframeInterval: 2)
        // Half a per cent is the parity of parts.
        #expect(try Double(ArchiveSize.of(workshop.path("a.varve"))) < 1.005 * (5_000_000 + 210_000))
        #expect(try locations(1).map(\.step) == [1, 1])
        // A keyframe refers to the first step for all of it.
        #expect(try Set(locations(3).map(\.step)) == [1] && locations(3).count == 5)
        try await Restorer(archive: workshop.path("a.varve"), options: RestoreOptions(selection: .all))
            .restore(to: workshop.path("out"))
        #expect(try Trees.differences(workshop.path("run"), workshop.path("out")) == [])
        try await Restorer(archive: workshop.path("a.varve"), options: RestoreOptions(selection: .step(4)))
            .restore(to: workshop.path("out-4"))
        #expect(try Trees.differences(workshop.path("run/checkpoint-4"), workshop.path("out-4")) == [])
        let verified = try await Verifier(archive: workshop.path("a.varve"), deep: true).verify()
        #expect(verified.isIntact, "\(verified.findings)")
    }

    @Test func appendingAndThreadsChangeNothing() async throws {
        try write(1...5)
        try await workshop.compress("run", "a.varve", keyframeInterval: 2, threads: 3)
        for step in 1...5 {
            try write(step...step, to: "rotating")
            try await workshop.compress("rotating", "b.varve", keyframeInterval: 2, threads: 1)
            try Directories.remove(workshop.path("rotating"))
        }
        let whole = try workshop.parts("a.varve"), grown = try workshop.parts("b.varve")
        #expect(whole == grown && whole.count == 5)
    }

    @Test func aStepThatStoresForOthersIsMissed() async throws {
        try write(1...4)
        try await workshop.compress(keyframeInterval: 2)
        try Directories.remove(ArchiveLayout(workshop.path("a.varve")).stepDirectory(StepVersion(number: 1)))
        let verified = try await Verifier(archive: workshop.path("a.varve")).verify()
        // Step 2 builds on it, 3 has its payload there, 4 builds on 3.
        #expect(verified.unrestorable == [1, 2, 3, 4])
        #expect(verified.findings.contains { $0.step == 3 && $0.message.contains("step 1") })
        let error = await #expect(throws: VarveError.self) {
            try await Restorer(archive: workshop.path("a.varve"), options: RestoreOptions(selection: .step(3)))
                .restore(to: workshop.path("out"))
        }
        #expect(error?.code == .damaged && !Directories.exists(workshop.path("out")))
    }

    static let lies: [@Sendable (inout PayloadBlock) -> Void] = [
        { $0.content = .elsewhere(PayloadLocation(step: 4, entry: 1, block: 0)) },
        { $0.content = .elsewhere(PayloadLocation(step: .max, entry: 1, block: 0)) },
        { $0.content = .elsewhere(PayloadLocation(step: 3, entry: .max, block: .max)) },
        { $0.content = .elsewhere(PayloadLocation(step: 1, entry: .max, block: 0)) },
        { $0.content = .elsewhere(PayloadLocation(step: 2, entry: 0, block: 0)) },
        { $0.content = .elsewhere(PayloadLocation(step: 0, entry: 1, block: 0)) },
        { $0.plainChecksum ^= 1 },
        { $0.content = .constant(0) },
    ]

    /// To themselves, to later and missing steps, to other references, to other content.
    @Test(arguments: lies.indices) func hostilePlacesAreRefused(index: Int) async throws {
        try write(1...4)
        try await workshop.compress(keyframeInterval: 2)
        try ArchiveForger(workshop.path("a.varve")).change(3) { manifest in
            for entry in manifest.entries.indices {
                for block in manifest.entries[entry].payload.indices {
                    guard case .elsewhere = manifest.entries[entry].payload[block].content else { continue }
                    Self.lies[index](&manifest.entries[entry].payload[block])
                }
            }
        }
        // Nothing but the manifest's own hash says what a constant was; the step that builds on it is found damaged.
        let isConsistent = index == 7
        let verified = try await Verifier(archive: workshop.path("a.varve"), deep: true).verify()
        #expect(verified.findings.contains { $0.step == (isConsistent ? 4 : 3) }, "\(verified.findings)")
        let restorer = Restorer(archive: workshop.path("a.varve"), options: RestoreOptions(selection: .step(3)))
        do throws(VarveError) {
            try await restorer.restore(to: workshop.path("out"))
            #expect(isConsistent)
        } catch {
            #expect(error.code == .damaged && !isConsistent && !Directories.exists(workshop.path("out")))
        }
    }
}
