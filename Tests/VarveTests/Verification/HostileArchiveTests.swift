import ChainArchive
import Glibc
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Archives whose checksums are right and whose content is an attack: an error, nothing outside the output, no trap.
@Suite struct HostileArchiveTests {
    let directory = try! TemporaryDirectory()

    private func path(_ name: String) -> String { Paths.join(directory.path, name) }

    private func makeArchive(_ method: CompressionOptions.Method = TestMethods.excp) async throws -> ArchiveForger {
        try SmallRun.make(path("run"))
        _ = try await Compressor(
            run: path("run"), archive: path("a.varve"), options: CompressionOptions(method: method)
        ).compress()
        return ArchiveForger(path("a.varve"))
    }

    /// Every way to look at the archive; whatever it answers, it answers.
    private func useEverything() async throws -> (restored: [String], errors: [VarveError]) {
        var restored: [String] = [], errors: [VarveError] = []
        _ = try? Reporter(archive: path("a.varve")).report()
        _ = try? await Verifier(archive: path("a.varve"), deep: true, against: path("run"), threads: 1).verify()
        for (name, selection) in [("all", .all), ("10", .step(10)), ("20", .step(20))]
            as [(String, RestoreOptions.Selection)]
        {
            let output = path("out-\(name)")
            try Directories.remove(output)
            do throws(VarveError) {
                try await Restorer(archive: path("a.varve"), options: RestoreOptions(selection: selection, threads: 1))
                    .restore(to: output)
                restored.append(output)
            } catch {
                errors.append(error)
                #expect(!Directories.exists(output))
            }
        }
        return (restored, errors)
    }

    // MARK: Outside of the output

    struct Escape: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var ten: [(String, Entry.Kind)] = []
        var twenty: [(String, Entry.Kind)] = []
        var run: [(String, Entry.Kind)] = []
    }

    static let outside = "OUTSIDE"

    static let escapes: [Escape] = [
        Escape(
            testDescription: "a file under a link of an earlier step", ten: [("x", .symbolicLink(target: outside))],
            twenty: [("x/evil", .file)]),
        Escape(
            testDescription: "a directory under a link of an earlier step",
            ten: [("x", .symbolicLink(target: outside))], twenty: [("x/evil", .directory)]),
        Escape(
            testDescription: "a link under a link",
            ten: [("x", .symbolicLink(target: outside)), ("x/evil", .symbolicLink(target: "a"))]),
        Escape(
            testDescription: "a directory that is a link", ten: [("x", .symbolicLink(target: outside))],
            run: [("x", .directory)]),
        Escape(
            testDescription: "a copy of what a link leads to",
            ten: [("x", .symbolicLink(target: outside + "/secret"))], run: [("y", .copy(of: "x"))]),
        Escape(
            testDescription: "a hard link through a link", ten: [("x", .symbolicLink(target: outside))],
            twenty: [("y", .hardLink(of: "x/secret"))]),
        Escape(
            testDescription: "a hard link of the run through a link", ten: [("x", .symbolicLink(target: outside))],
            run: [("y", .hardLink(of: "x/secret"))]),
        Escape(testDescription: "a slash behind which a letter joins", ten: [("../\u{301}evil", .file)]),
        Escape(testDescription: "a slash behind which nothing shows", twenty: [("../\u{200D}evil", .directory)]),
        Escape(testDescription: "the same in the run", run: [("a/../\u{301}b/../../\u{301}evil", .directory)]),
        Escape(
            testDescription: "the same in a hard link", ten: [("y", .hardLink(of: "../\u{301}secret"))]),
    ]

    @Test(arguments: escapes) func nothingIsWrittenOutsideOfTheOutput(escape: Escape) async throws {
        let forger = try await makeArchive()
        let outside = path("outside")
        try Trees.write(Array("secret".utf8), to: Paths.join(outside, "secret"))
        try Trees.write(Array("secret".utf8), to: path("\u{301}secret"))
        try SystemCalls.setMode(outside, 0o700)
        func entries(_ forged: [(String, Entry.Kind)]) -> [Entry] {
            forged.map { name, kind in
                guard case .symbolicLink(let target) = kind else { return ArchiveForger.entry(name, kind) }
                return ArchiveForger.entry(name, .symbolicLink(target: target.replacing(Self.outside, with: outside)))
            }
        }
        try forger.change(10) { $0.entries += entries(escape.ten) }
        try forger.change(20) { $0.entries += entries(escape.twenty) }
        if !escape.run.isEmpty { try forger.setRun(entries(escape.run)) }
        let before = try SystemCalls.list(directory.path)
        let outcome = try await useEverything()
        #expect(try SystemCalls.list(outside) == ["secret"])
        #expect(try FileIdentity(path: outside).mode == 0o700)
        #expect(try FileIdentity(path: Paths.join(outside, "secret")).linkCount == 1)
        #expect(try FileIdentity(path: path("\u{301}secret")).linkCount == 1)
        let after = try SystemCalls.list(directory.path).filter { !$0.hasPrefix("out-") }
        #expect(after == before)
        for output in outcome.restored {
            for (name, bytes) in try Trees.content(output) { #expect(bytes != Array("secret".utf8), "\(name)") }
        }
    }

    @Test func twoThingsOfOnePathAreRefused() async throws {
        let forger = try await makeArchive()
        let original = try forger.body(10)
        for kind in [Entry.Kind.directory, .file, .symbolicLink(target: "z")] {
            try forger.change(10) { $0.entries.append(ArchiveForger.entry("step_10.safetensors", kind)) }
            let outcome = try await useEverything()
            #expect(outcome.errors.count == 2 && outcome.errors.allSatisfy { $0.code == .damaged })
            try forger.write(original, step: 10)
        }
    }

    // MARK: Numbers

    @Test func copiesAndVariantsOfAStepAreRefused() async throws {
        let forger = try await makeArchive()
        try forger.change(20) {
            $0.entries.append(ArchiveForger.entry("c", .copy(of: "step_20.safetensors")))
        }
        #expect(try await useEverything().errors.count == 2)
        let result = try await Verifier(archive: path("a.varve")).verify()
        #expect(result.unrestorable == [20])
    }

    static let lies: [(String, @Sendable (inout StepManifest) -> Void)] = [
        (
            "a part of 2^64 - 1 bytes",
            { manifest in
                manifest.parts[0].byteCount = .max
                manifest.entries[0].payload[0].location?.byteCount = .max - 16
            }
        ),
        (
            "files of 2^63 bytes",
            { manifest in
                for name in ["u", "v", "w"] {
                    var entry = ArchiveForger.entry(name, .variant(of: "x", regions: []))
                    entry.byteCount = UInt64(Int.max)
                    manifest.entries.append(entry)
                }
            }
        ),
        (
            "tensors of 2^57 bytes",
            { manifest in
                let size = 1 << 57
                for index in 0..<200 {
                    var entry = ArchiveForger.entry("f\(index)", .file)
                    entry.byteCount = UInt64(size)
                    manifest.entries.append(entry)
                    var tensor = manifest.tensors[0]
                    tensor.name = "t\(index)"
                    tensor.dtype = .u8
                    tensor.shape = [size]
                    tensor.pieces = TensorPieces(file: manifest.entries.count - 1, offset: 0, byteCount: size)
                    tensor.coding = .unchanged
                    manifest.tensors.append(tensor)
                }
            }
        ),
        (
            "a tensor of a petabyte in a few bytes",
            { manifest in
                var tensor = manifest.tensors[0]
                guard let location = manifest.losslessGroups.first ?? manifest.entries[0].payload[0].location else {
                    return
                }
                manifest.losslessGroups.append(location)
                manifest.entries.append(ArchiveForger.entry("big", .file))
                manifest.entries[manifest.entries.count - 1].byteCount = 1 << 50
                tensor.name = "big"
                tensor.dtype = .u8
                tensor.shape = [1 << 50]
                tensor.pieces = TensorPieces(file: manifest.entries.count - 1, offset: 0, byteCount: 1 << 50)
                tensor.coding = .packed(losslessGroup: manifest.losslessGroups.count - 1, index: 0, depth: 0)
                manifest.tensors.append(tensor)
            }
        ),
        (
            "figures that do not add up",
            { manifest in
                for index in manifest.tensors.indices {
                    manifest.tensors[index].statistics.storedBytes = .max
                    manifest.tensors[index].statistics.prunedCount = .max
                    manifest.tensors[index].statistics.squaredError = .nan
                    manifest.tensors[index].statistics.referenceEnergy = -.infinity
                }
            }
        ),
        (
            "many small payload blocks",
            { manifest in
                guard let block = manifest.entries[0].payload.first else { return }
                var small = block
                small.plainCount = 1
                var last = block
                last.plainCount -= 1
                manifest.entries[0].payload = [small, last]
            }
        ),
        (
            "empty payload blocks",
            { manifest in
                guard var block = manifest.entries[0].payload.first else { return }
                block.plainCount = 0
                manifest.entries[0].payload.append(block)
            }
        ),
        (
            "a member of 2^40 elements",
            { manifest in
                for index in manifest.tensors.indices {
                    guard manifest.tensors[index].coding.member != nil else { continue }
                    var entry = ArchiveForger.entry("huge\(index)", .file)
                    entry.byteCount = 1 << 42
                    manifest.entries.append(entry)
                    var tensor = manifest.tensors[index]
                    tensor.shape = [1 << 40]
                    tensor.pieces = TensorPieces(
                        file: manifest.entries.count - 1, offset: 0, byteCount: tensor.byteCount)
                    manifest.entries[0].byteCount -= UInt64(manifest.tensors[index].byteCount)
                    manifest.tensors.remove(at: index)
                    manifest.tensors.append(tensor)
                    return
                }
            }
        ),
        (
            "a later predecessor",
            { manifest in manifest.predecessor = .step(Int.max, digest: Hash128(high: 0, low: 0)) }
        ),
        ("the same as a later step", { manifest in manifest.tensors[0].coding = .sameAs(step: 21) }),
        ("the same as a missing step", { manifest in manifest.tensors[0].coding = .sameAs(step: 3) }),
        ("a time before time", { manifest in manifest.entries[0].modified = .min }),
        ("no payload", { manifest in manifest.entries[0].payload = [] }),
        ("another prefix", { manifest in manifest.entries[0].prefixEntry = 1 << 40 }),
    ]

    @Test(arguments: lies.indices, TestMethods.chains)
    func liesAreErrorsNotTraps(index: Int, method: CompressionOptions.Method) async throws {
        let forger = try await makeArchive(method)
        try forger.change(20, Self.lies[index].1)
        let outcome = try await useEverything()
        var harmless = ["figures that do not add up", "a time before time"]
        // It has no members to lie about; its own lies are in LosslessHostileTests.
        if method == .lossless { harmless.append("a member of 2^40 elements") }
        let isHarmless = harmless.contains(Self.lies[index].0)
        #expect(outcome.errors.isEmpty == isHarmless, "\(Self.lies[index].0): \(outcome.errors)")
        for error in outcome.errors {
            #expect([.damaged, .unsupported, .noSpace].contains(error.code), "\(Self.lies[index].0): \(error)")
        }
    }

    // MARK: Anything

    @Test(arguments: TestMethods.chains)
    func mutatedManifestsWithRightChecksumsNeverTrap(method: CompressionOptions.Method) async throws {
        let forger = try await makeArchive(method)
        var random = SplitMix64(seed: 99)
        for step in [10, 20] {
            let body = try forger.body(step)
            for _ in 0..<250 {
                var damaged = body
                for _ in 0..<(1 + random.next() % 2) {
                    let position = Int(random.next() % UInt64(body.count))
                    let choices = [0, 1, 0x7F, 0x80, 0xFF, damaged[position] &+ 1, damaged[position] ^ 0x40]
                    damaged[position] = choices[Int(random.next() % 7)]
                }
                try forger.write(damaged, step: step)
                _ = try await useEverything()
            }
            try forger.write(body, step: step)
        }
    }

    @Test(arguments: TestMethods.chains)
    func mutatedPartsWithRightChecksumsAreRefusedOrEqual(method: CompressionOptions.Method) async throws {
        let forger = try await makeArchive(method)
        _ = try await useEverything()
        let good = try ["all", "10", "20"].map { try Trees.content(path("out-\($0)")) }
        var random = SplitMix64(seed: 98)
        for step in [10, 20] {
            let manifest = try forger.body(step)
            let part = try Trees.bytes(forger.layout.stepPart(StepVersion(number: step), "0000.part"))
            for _ in 0..<200 {
                try forger.changePart(step) { bytes in
                    let position = 16 + Int(random.next() % UInt64(part.count - 16))
                    bytes[position] =
                        random.next() % 2 == 0 ? UInt8(truncatingIfNeeded: random.next()) : bytes[position] ^ 1
                }
                let outcome = try await useEverything()
                for (name, content) in zip(["all", "10", "20"], good)
                where outcome.restored.contains(path("out-\(name)")) {
                    let restored: [String: [UInt8]] = try Trees.content(path("out-\(name)"))
                    #expect(restored == content)
                }
                try forger.write(manifest, step: step)
                try Trees.write(part, to: forger.layout.stepPart(StepVersion(number: step), "0000.part"))
            }
        }
    }
}
