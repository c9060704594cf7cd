import ChainArchive
import FileSystem
import TensorFiles
import Testing
import VarveTestSupport

@testable import Varve

/// A rebase that is planned, interrupted, repeated, and gone on from.
@Suite struct RebaseWorkTests {
    let shop = RebaseWorkshop()

    private var archive: String { shop.archive }

    @Test(arguments: TestMethods.chains) func aPlanSaysWhatIsFreedWithoutAndWith(method: CompressionOptions.Method)
        async throws
    {
        try Trees.copy(Fixture.trainerRun, shop.run)
        try await shop.compress(method)
        let content = try Trees.content(archive), size = try ArchiveSize.withoutParity(archive)
        let policy = ForgetPolicy(keepLast: 2)
        for plan in [
            try shop.forgetter.forget(policy, dryRun: true), try await shop.rebase(policy, dryRun: true),
        ] {
            #expect(plan.dryRun && plan.rebased == nil && plan.rebasable == [800, 1000])
            #expect(try #require(plan.freedBytesWithRebase) > plan.freedBytes)
        }
        #expect(try Trees.content(archive) == content)
        let foretold = try #require(try shop.forgetter.forget(policy, dryRun: true).freedBytesWithRebase)
        let result = try await shop.rebase(policy, prune: true)
        #expect(result.pruned && result.rebasable == nil && result.freedBytesWithRebase == nil)
        #expect(
            abs(foretold - result.freedBytes) < size / 4,
            "about \(foretold) were to be freed, \(result.freedBytes) were")
        // Moments that go need nothing of the kind, and there is nothing left to do.
        #expect(try shop.forgetter.forget(.init(keepLast: 1, momentsOnly: true), dryRun: true).rebasable == nil)
        #expect(try await shop.rebase(ForgetPolicy()).rebased?.isEmpty == true)
    }

    @Test func whatStandsOnItsOwnIsNotTakenAgain() async throws {
        try shop.write(4)
        try await shop.compress(TestMethods.transform, keyframeInterval: 2)
        let before = try await shop.everything()
        let result = try await shop.rebase(ForgetPolicy(keepLast: 2), prune: true)
        #expect(result.rebased?.isEmpty == true)
        #expect(try await shop.everything() == before.filter { $0.key > 20 })
        // Of the steps before nothing is left but a file that those two have as well, once as in an archive of them alone.
        for step in [10, 20] { try Directories.remove(shop.run + "/checkpoint-\(step)") }
        try await shop.workshop.compress("run", "alone.varve", TestMethods.transform, keyframeInterval: 2, threads: 1)
        let alone = try ArchiveSize.of(shop.workshop.path("alone.varve")), now = try ArchiveSize.of(archive)
        #expect(Double(now) <= 1.05 * Double(alone), "\(now) bytes, alone \(alone)")
    }

    /// What the steps were before is there until it is pruned, and what was forgotten can be brought back.
    @Test func theVersionsBeforeStayUntilTheyArePruned() async throws {
        try shop.write(5)
        try await shop.compress(TestMethods.transform)
        let before = try await shop.everything()
        let result = try await shop.rebase(ForgetPolicy(keepLast: 2))
        #expect(!result.pruned && result.notices.contains { $0.hasPrefix("step 40 was taken again") })
        for step in [40, 50] {
            #expect(try await shop.restored(step, replaced: true) == before[step])
            #expect(try await shop.restored(step) != before[step])
        }
        #expect(try shop.forgetter.undo() == [10, 20, 30])
        for step in [10, 20, 30] { #expect(try await shop.restored(step) == before[step]) }
        try await shop.expectIntact()
        let again = try await shop.rebase(ForgetPolicy(keepLast: 2), prune: true)
        #expect(again.rebased?.isEmpty == true && again.freedBytes > 0)
        #expect(try ArchiveReader(archive).stored == [40, 50])
        await #expect(throws: VarveError.self) { try await shop.restored(50, replaced: true) }
        try await shop.expectIntact()
    }

    /// Marks that are there already are enough; one call more changes nothing.
    @Test func itCanBeDoneLaterAndOnceMore() async throws {
        try shop.write(6)
        try await shop.compress(TestMethods.transform)
        _ = try shop.forgetter.forget(ForgetPolicy(keepLast: 4), prune: true)
        #expect(try await shop.rebase(ForgetPolicy(), prune: true).rebased?.map(\.step) == [30, 40, 50, 60])
        let content = try Trees.content(archive)
        #expect(try await shop.rebase(ForgetPolicy(), prune: true).rebased?.isEmpty == true)
        #expect(try Trees.content(archive) == content)
        // What was taken again is taken again: errors add up, and are still known.
        #expect(try await shop.rebase(ForgetPolicy(keepLast: 2), prune: true).rebased?.map(\.step) == [50, 60])
        try await shop.expectIntact()
    }

    @Test(arguments: TestMethods.all) func whatWasInterruptedIsFinishedByTheNextCall(
        method: CompressionOptions.Method
    ) async throws {
        try shop.write(5)
        try await shop.compress(method)
        let copy = shop.workshop.path("copy.varve")
        try Trees.copy(archive, copy)
        // By their numbers, which are no longer there at the second call.
        let policy = ForgetPolicy(steps: [10...10, 20...20])
        let task = Task {
            try await shop.rebase(policy, prune: true) { event in
                if case .finished = event { withUnsafeCurrentTask { $0?.cancel() } }
            }
        }
        let error = await #expect(throws: VarveError.self) { try await task.value }
        #expect(error?.code == .interrupted)
        #expect(try ArchiveReader(archive).steps == [30, 40, 50])
        try await shop.expectIntact()
        let rest = try await shop.rebase(policy, prune: true)
        #expect(rest.rebased?.map(\.step) == [40, 50])
        // The same to the byte as in one go.
        _ = try await Rebaser(archive: copy, options: RebaseOptions(threads: 2)).forget(policy, prune: true)
        #expect(try Trees.differences(archive, copy) == [])
        try await shop.expectIntact()
    }

    @Test(arguments: TestMethods.all) func laterStepsBuildOnIt(method: CompressionOptions.Method) async throws {
        try shop.write(5)
        try await shop.compress(method)
        try await shop.rebase(ForgetPolicy(keepLast: 2), prune: true)
        try shop.write(7)
        let added = try await shop.compress(method)
        #expect(added.added == [60, 70] && added.skipped.isEmpty && added.isAsAsked)
        #expect(try shop.predecessors() == [40: nil, 50: 40, 60: 50, 70: 60])
        try await shop.expectIntact()
        // And those can be taken again.
        try await shop.rebase(ForgetPolicy(keepLast: 1), prune: true)
        #expect(try ArchiveReader(archive).stored == [70])
        try await shop.expectIntact()
    }

    /// A chain that began with weights outside of the archive begins with them again.
    @Test(arguments: [TestMethods.transform, TestMethods.lossless]) func aBaseStaysTheBase(
        method: CompressionOptions.Method
    ) async throws {
        try shop.write(5)
        let base = shop.workshop.path("base.safetensors")
        try Trees.copy(shop.run + "/checkpoint-10/model.safetensors", base)
        try Directories.remove(shop.run + "/checkpoint-10")
        _ = try await Compressor(
            run: shop.run, archive: archive, options: CompressionOptions(method: method, base: base, threads: 1)
        ).compress()
        let error = await #expect(throws: VarveError.self) { try await shop.rebase(ForgetPolicy(keepLast: 2)) }
        #expect(error?.code == .usage && error?.message.contains("`base = ") == true)
        try await shop.rebase(ForgetPolicy(keepLast: 2), prune: true, base: base)
        #expect(try ArchiveReader(archive).stored == [40, 50])
        #expect(try ArchiveReader(archive).manifest(40).predecessor == .base)
        try await shop.expectIntact(base: base)
    }

    /// A step that was taken again is no copy of its original that the original could go for.
    @Test func originalsOfLossyStepsStay() async throws {
        try shop.write(4)
        try await shop.compress(TestMethods.transform)
        try await shop.rebase(ForgetPolicy(keepLast: 3), prune: true)
        let options = CompressionOptions(
            method: TestMethods.transform, threads: 1, removal: SourceRemoval(keepLast: 1))
        let result = try await Compressor(run: shop.run, archive: archive, options: options).compress()
        #expect(result.removed == [])
        #expect(result.notices.contains { $0.contains("checkpoint-20") && $0.contains("taken again") })
    }

    @Test func settingsAreReadFromTheirNames() throws {
        var options: [TransformOptions] = TransformOptions.Quality.allCases.map { TransformOptions(quality: $0) }
        options.append(TransformOptions(quality: .small, stepSize: 2.75, keyframes: .exact, effort: .low))
        options.append(TransformOptions(keyframes: .exact))
        options.append(TransformOptions(stepSize: 0.3, effort: .high))
        for options in options {
            let back = try #require(TransformOptions(name: options.name))
            #expect(back == options)
        }
        for name in ["", "balanced q", "balanced qx", "fine", "balanced, effort", "balanced q1.0 q1.0", "balanced,"] {
            #expect(TransformOptions(name: name) == nil, "\(name)")
        }
    }

    @Test func aStepThatDoesNotSayHowItWasMadeIsRefusedBeforeAnythingChanges() async throws {
        try shop.write(3)
        try await shop.compress(TestMethods.transform)
        try ArchiveForger(archive).change(30) { $0.method = "transform" }
        let content = try Trees.content(archive)
        let error = await #expect(throws: VarveError.self) { try await shop.rebase(ForgetPolicy(keepLast: 1)) }
        #expect(error?.code == .unsupported)
        #expect(
            try Trees.content(archive).filter { $0.key != "manifests.parity" }
                == content.filter { $0.key != "manifests.parity" })
    }
}
