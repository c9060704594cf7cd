import ChainArchive
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Lossless archives whose checksums are right and whose chains cannot be: refused as damaged, without a trap.
@Suite struct LosslessHostileTests {
    let workshop = RunWorkshop()

    /// Four steps, 10 to 40, of which 10 and 30 are keyframes where it is asked for.
    private func makeArchive(keyframeInterval: Int = 50) async throws -> ArchiveForger {
        try SmallRun.make(workshop.path("run"), steps: [10, 20, 30, 40])
        try await workshop.compress("run", "a.varve", .lossless, keyframeInterval: keyframeInterval)
        return ArchiveForger(workshop.path("a.varve"))
    }

    private func expectDamaged(_ step: Int, _ what: String) async throws {
        for selection in [RestoreOptions.Selection.step(step), .all] {
            let output = workshop.path("out")
            let error = await #expect(throws: VarveError.self, "\(what)") {
                try await Restorer(
                    archive: workshop.path("a.varve"), options: RestoreOptions(selection: selection, threads: 1)
                ).restore(to: output)
            }
            #expect(error?.code == .damaged, "\(what): \(error.map { "\($0)" } ?? "")")
            #expect(!Directories.exists(output))
        }
        let verified = try await Verifier(archive: workshop.path("a.varve"), deep: true).verify()
        #expect(verified.unrestorable.contains(step), "\(what)")
    }

    /// Sets how many predecessors the first packed tensor says it needs.
    private static func setDepth(_ depth: Int) -> @Sendable (inout StepManifest) throws -> Void {
        { manifest in
            let index = try #require(
                manifest.tensors.firstIndex {
                    if case .packed = $0.coding { return true }
                    return false
                })
            guard case .packed(let losslessGroup, let member, _) = manifest.tensors[index].coding else { return }
            manifest.tensors[index].coding = .packed(losslessGroup: losslessGroup, index: member, depth: depth)
        }
    }

    static let lies: [(String, Int, @Sendable (inout StepManifest) throws -> Void)] = [
        (
            "a lossless group that is not there", 20,
            { $0.tensors[0].coding = .packed(losslessGroup: 7, index: 0, depth: 0) }
        ),
        (
            "a lossless group of the largest number", 20,
            { $0.tensors[0].coding = .packed(losslessGroup: .max, index: 0, depth: 0) }
        ),
        ("a position that is not there", 20, { $0.tensors[0].coding = .packed(losslessGroup: 0, index: 7, depth: 0) }),
        ("the largest position", 20, { $0.tensors[0].coding = .packed(losslessGroup: 0, index: .max, depth: 0) }),
        ("two tensors at one position", 20, { $0.tensors[1].coding = $0.tensors[0].coding }),
        ("a lossless group of nothing", 20, { $0.losslessGroups.append($0.losslessGroups[0]) }),
        ("three predecessors", 20, setDepth(3)),
        ("as many predecessors as can be said", 20, setDepth(255)),
        ("a keyframe with a predecessor", 10, setDepth(1)),
        ("two steps back from the second step", 20, setDepth(2)),
        (
            "a lossless group outside of the part", 20,
            { manifest in
                for losslessGroup in manifest.losslessGroups.indices {
                    manifest.losslessGroups[losslessGroup].offset = .max
                }
            }
        ),
        (
            "a petabyte in a few bytes", 20,
            { manifest in
                manifest.entries.append(ArchiveForger.entry("big", .file))
                manifest.entries[manifest.entries.count - 1].byteCount = 1 << 50
                var tensor = manifest.tensors[0]
                tensor.name = "big"
                tensor.dtype = .u8
                tensor.shape = [1 << 50]
                tensor.pieces = TensorPieces(file: manifest.entries.count - 1, offset: 0, byteCount: 1 << 50)
                tensor.coding = .packed(losslessGroup: manifest.losslessGroups.count, index: 0, depth: 0)
                manifest.losslessGroups.append(manifest.losslessGroups[0])
                manifest.tensors.append(tensor)
            }
        ),
    ]

    @Test(arguments: lies.indices) func liesAreDamage(index: Int) async throws {
        let (what, step, lie) = Self.lies[index]
        let forger = try await makeArchive()
        try forger.change(step, lie)
        if what == "a petabyte in a few bytes" {
            let error = await #expect(throws: VarveError.self) {
                try await Restorer(
                    archive: workshop.path("a.varve"), options: RestoreOptions(selection: .all)
                ).restore(to: workshop.path("out"))
            }
            #expect(error?.code == .damaged || error?.code == .unsupported || error?.code == .noSpace)
            return
        }
        try await expectDamaged(step, what)
    }

    /// Two steps back goes only through a tensor that is coded against its predecessor itself.
    @Test func aKeyframeIsNoStepOnTheWayBack() async throws {
        let forger = try await makeArchive(keyframeInterval: 2)
        try forger.change(40, Self.setDepth(2))
        try await expectDamaged(40, "two steps back over a keyframe")
    }

    /// One weight that never changes: packed in step 10, a flag in the others.
    private func makeStillArchive() async throws -> ArchiveForger {
        for step in [10, 20, 30, 40] {
            let file = SafetensorsMaker.file([TestTensor("w", shape: [16, 16], seed: 1)])
            try Trees.write(file, to: workshop.path("run/step_\(step).safetensors"))
        }
        try await workshop.compress("run", "a.varve", .lossless)
        return ArchiveForger(workshop.path("a.varve"))
    }

    /// All bytes would be right: only the rules are against it.
    @Test func whatRefersToAnotherStepIsNothingToBuildOn() async throws {
        let forger = try await makeStillArchive()
        try forger.change(30) { $0.tensors[0].coding = .sameAs(step: 10) }
        try await expectDamaged(40, "unchanged since a step that refers elsewhere")
        try forger.change(40) { $0.tensors[0].coding = .sameAs(step: 10) }
        try await Restorer(archive: workshop.path("a.varve"), options: RestoreOptions(selection: .all))
            .restore(to: workshop.path("fine"))
        #expect(try Trees.differences(workshop.path("run"), workshop.path("fine")) == [])
        let sound = try forger.body(40)
        for step in [20, 30, 40, 50] {
            try forger.write(sound, step: 40)
            try forger.change(40) { $0.tensors[0].coding = .sameAs(step: step) }
            try await expectDamaged(40, "the same as step \(step), which does not hold it")
        }
    }

    @Test func aKeyframeIsNotUnchanged() async throws {
        let forger = try await makeStillArchive()
        try forger.change(10) { manifest in
            manifest.tensors[0].coding = .unchanged
            manifest.losslessGroups = []
        }
        try await expectDamaged(10, "unchanged since nothing")
    }
}
