import ChainArchive
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Steps that stay are taken again, so that nothing builds on forgotten ones: they restore as before, or by no more otherwise
/// than is said.
@Suite struct RebaseTests {
    let shop = RebaseWorkshop()

    private var archive: String { shop.archive }

    private static let exact = [TestMethods.lossless, TestMethods.excp]

    @Test(arguments: TestMethods.all) func twoOfFiveTakeWhatTheyTakeAlone(method: CompressionOptions.Method)
        async throws
    {
        try Trees.copy(Fixture.trainerRun, shop.run)
        try await shop.compress(method)
        let before = try await shop.everything(), size = try ArchiveSize.withoutParity(archive)
        let result = try await shop.rebase(ForgetPolicy(keepLast: 2), prune: true)
        #expect(result.forgotten == [200, 400, 600] && result.rebased?.map(\.step) == [800, 1000])
        #expect(try shop.predecessors() == [800: nil, 1000: 800])
        #expect(try ArchiveSize.withoutParity(archive) == size - result.freedBytes)
        #expect(try ArchiveReader(archive).stored == [800, 1000])
        try await shop.expectIntact()
        let after = try await shop.everything()
        for step in [800, 1000] { try expectClose(before[step], after[step], step, result, method) }

        try Directories.create(shop.workshop.path("alone"))
        for step in [800, 1000] {
            try Trees.copy(Paths.join(shop.run, "checkpoint-\(step)"), shop.workshop.path("alone/checkpoint-\(step)"))
        }
        try await shop.workshop.compress("alone", "alone.varve", method, threads: 1)
        let alone = try ArchiveSize.of(shop.workshop.path("alone.varve")), now = try ArchiveSize.of(archive)
        #expect(Double(now) <= 1.05 * Double(alone), "\(now) bytes, alone \(alone)")
    }

    /// Bytes are equal but in tensors, and those are off by no more than is said.
    private func expectClose(
        _ before: [String: [UInt8]]?, _ after: [String: [UInt8]]?, _ step: Int, _ result: ForgetResult,
        _ method: CompressionOptions.Method
    ) throws {
        let before = try #require(before), after = try #require(after)
        let said = try #require(result.rebased?.first { $0.step == step })
        if Self.exact.contains(method) {
            #expect(before == after && said.largestChange == 0 && !said.changesMoments && said.addedError == nil)
            return
        }
        #expect(Set(before.keys) == Set(after.keys))
        for (path, bytes) in before where path != "model.safetensors" && path != "optimizer.pt" {
            #expect(after[path] == bytes, "step \(step): \(path)")
        }
        let old = try RunWorkshop.tensors(try #require(before["model.safetensors"]))
        let new = try RunWorkshop.tensors(try #require(after["model.safetensors"]))
        var largest = 0.0
        for (name, bytes) in old {
            largest = max(largest, try Self.difference(bytes, try #require(new[name])))
        }
        #expect(abs(largest - said.largestChange) <= 1e-6 * largest, "step \(step)")
        // Second moments stay as they are.
        let states = try RunWorkshop.tensors(try #require(before["optimizer.pt"]))
        let now = try RunWorkshop.tensors(try #require(after["optimizer.pt"]))
        for (name, bytes) in states where name.hasSuffix("exp_avg_sq") { #expect(now[name] == bytes, "\(name)") }
    }

    private static func difference(_ left: [UInt8], _ right: [UInt8]) throws -> Double {
        func floats(_ bytes: [UInt8]) -> [Float] {
            stride(from: 0, to: bytes.count / 4 * 4, by: 4).map { start in
                Float(
                    bitPattern: bytes[start..<start + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
            }
        }
        guard left != right else { return 0 }
        return zip(floats(left), floats(right)).map { (Double($0) - Double($1)).magnitude }.max() ?? 0
    }

    /// The report counts the new error on top of the old one: it is never below what it really is.
    @Test(arguments: TestMethods.transforms) func errorsAreNotUnderstated(method: CompressionOptions.Method)
        async throws
    {
        try Trees.copy(Fixture.trainerRun, shop.run)
        try await shop.compress(method)
        try await shop.rebase(ForgetPolicy(keepLast: 3), prune: true)
        for number in try ArchiveReader(archive).steps {
            let manifest = try ArchiveReader(archive).manifest(number)
            #expect(manifest.isRebased && !manifest.isExact)
            let restored = try await shop.restored(number)
            let back = try RunWorkshop.tensors(try #require(restored["model.safetensors"]))
            let original = try RunWorkshop.tensors(
                try Trees.bytes(Paths.join(shop.run, "checkpoint-\(number)/model.safetensors")))
            for record in manifest.tensors where record.identity.isWeight {
                guard let range = record.statistics.range, let old = original[record.name], let new = back[record.name]
                else { continue }
                let error = ResidualError(old, new)
                #expect(error.squared >= range.least && error.squared <= range.most, "\(record.name)")
                #expect(error.largest <= range.largest, "\(record.name)")
                #expect(error.squared <= record.statistics.squaredError * 1.000001, "step \(number): \(record.name)")
            }
        }
    }

    @Test func anotherOriginalIsNotTakenForTheOwn() async throws {
        try Trees.copy(Fixture.trainerRun, shop.run)
        try await shop.compress(TestMethods.transform)
        try await shop.rebase(ForgetPolicy(keepLast: 2), prune: true)
        let other = shop.workshop.path("other")
        try Trees.copy(shop.run, other)
        // The step before: nearly the same weights.
        try Trees.overwrite(
            try Trees.bytes(other + "/checkpoint-800/model.safetensors"),
            at: other + "/checkpoint-1000/model.safetensors")
        #expect(try await shop.differences(1000, from: other).contains { $0.contains("original has changed") })
        // What the archive restores is no original either.
        let restored = try await shop.restored(800)
        try Trees.overwrite(
            try #require(restored["model.safetensors"]), at: other + "/checkpoint-800/model.safetensors")
        #expect(try await !shop.differences(800, from: other).isEmpty)
        #expect(try await shop.differences(1000).isEmpty)
    }

    @Test(arguments: TestMethods.chains) func chainsStayApart(method: CompressionOptions.Method) async throws {
        try shop.write(6)
        try await shop.compress(method, keyframeInterval: 3)
        #expect(try shop.predecessors() == [10: nil, 20: 10, 30: 20, 40: nil, 50: 40, 60: 50])
        let before = try await shop.everything()
        let result = try await shop.rebase(ForgetPolicy(steps: [10...20, 40...40]), prune: true)
        #expect(result.rebased?.map(\.step) == [30, 50, 60])
        #expect(try shop.predecessors() == [30: nil, 50: nil, 60: 50])
        try await shop.expectIntact()
        if Self.exact.contains(method) {
            #expect(try await shop.everything() == before.filter { [30, 50, 60].contains($0.key) })
        }
    }

    @Test(arguments: TestMethods.chains) func stepsFarApartBuildOnEachOther(method: CompressionOptions.Method)
        async throws
    {
        try shop.write(6)
        try await shop.compress(method)
        let before = try await shop.everything()
        let result = try await shop.rebase(ForgetPolicy(steps: [20...30, 50...50]), prune: true)
        // The first one builds on nothing that was forgotten.
        #expect(result.rebased?.map(\.step) == [40, 60] && result.rebased?.map(\.predecessor) == [10, 40])
        #expect(try shop.predecessors() == [10: nil, 40: 10, 60: 40])
        try await shop.expectIntact()
        let after = try await shop.everything()
        #expect(after[10] == before[10])
        if Self.exact.contains(method) {
            for step in [40, 60] { #expect(after[step] == before[step], "step \(step)") }
        }
    }

    @Test func pinnedStepsStay() async throws {
        try shop.write(6)
        try await shop.compress(TestMethods.transform)
        _ = try shop.forgetter.pin([20...20])
        let result = try await shop.rebase(ForgetPolicy(keepLast: 1), prune: true)
        #expect(result.rebased?.map(\.step) == [20, 60] && result.rebased?.map(\.predecessor) == [nil, 20])
        #expect(try ArchiveReader(archive).stored == [20, 60])
        try await shop.expectIntact()
    }

    /// Steps whose moments were forgotten stay without them; the others have theirs.
    @Test(arguments: TestMethods.chains + [TestMethods.high, TestMethods.exactKeyframes], [true, false])
    func stepsWithoutMomentsAreTakenAgain(method: CompressionOptions.Method, isPruned: Bool) async throws {
        try shop.write(6)
        try await shop.compress(method)
        _ = try shop.forgetter.forget(ForgetPolicy(steps: [30...40], momentsOnly: true), prune: isPruned)
        let before = try await shop.everything(weightsOf: [30, 40])
        let result = try await shop.rebase(ForgetPolicy(steps: [10...20]))
        #expect(result.rebased?.map(\.step) == [30, 40, 50, 60])
        try await shop.expectIntact(comparing: false)
        if !isPruned {
            #expect(try shop.forgetter.undo(steps: [30...30]) == [30])
            if Self.exact.contains(method) {
                #expect(
                    try await shop.restored(30)["optimizer.pt"]
                        == (try Trees.bytes(shop.run + "/checkpoint-30/optimizer.pt")) || method == TestMethods.excp)
            }
            _ = try await shop.restored(30)
            _ = try shop.forgetter.forget(ForgetPolicy(steps: [30...30], momentsOnly: true))
        }
        _ = try shop.forgetter.prune()
        #expect(try ArchiveReader(archive).stored == [30, 40, 50, 60])
        try await shop.expectIntact(comparing: false)
        for step in [50, 60] { #expect(try await shop.differences(step).isEmpty) }
        let after = try await shop.everything(weightsOf: [30, 40])
        if Self.exact.contains(method) { #expect(after == before.filter { $0.key > 20 }) }
        #expect(try shop.forgetter.prune(dryRun: true).freedBytes == 0)
    }
}

/// How far float32 tensors are apart.
private struct ResidualError {
    var squared = 0.0
    var largest = 0.0

    init(_ left: [UInt8], _ right: [UInt8]) {
        for start in stride(from: 0, to: left.count / 4 * 4, by: 4) {
            func value(_ bytes: [UInt8]) -> Double {
                Double(
                    Float(
                        bitPattern: bytes[start..<start + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }))
            }
            let difference = value(left) - value(right)
            squared += difference * difference
            largest = max(largest, difference.magnitude)
        }
    }
}
