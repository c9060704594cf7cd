import ChainArchive
import Foundation
import TensorCodecs
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Archives of earlier formats restore to the same bytes for ever. They are never remade: a change that breaks one of
/// these tests breaks somebody's archive.
@Suite struct GoldenTests {
    static let archives =
        [
            "excp-1.0", "exact-1.0", "transform-2.0", "high-2.0", "tracked-2.0", "transform-3.0", "tracked-3.0",
            "wide-5.0", "excp-3.0", "masters-3.0", "replaced-3.0", "transform-6.0",
        ] + made.map(\.name)

    @Test(arguments: archives)
    func restoresToTheRecordedBytes(name: String) async throws {
        let directory = try TemporaryDirectory()
        let archive = Paths.join(Fixture.root, "golden/\(name).varve")
        let verified = try await Verifier(archive: archive, deep: true).verify()
        #expect(verified.isIntact, "\(verified.findings)")
        let output = Paths.join(directory.path, "run")
        try await Restorer(archive: archive, options: RestoreOptions(selection: .all)).restore(to: output)
        let recorded = try String(contentsOfFile: Paths.join(Fixture.root, "golden/\(name).sha256"), encoding: .utf8)
        #expect(try Self.listing(output) == recorded)
    }

    /// What is restored, in the form of the lists beside the golden archives.
    private static func listing(_ output: String) throws -> String {
        let listing = try Trees.content(output).sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let lines = listing.filter { !$0.value.starts(with: Array("-> ".utf8)) }.map { path, bytes in
            SHA256.hash(Array(bytes)) + "  " + path
        }
        let links = listing.filter { $0.value.starts(with: Array("-> ".utf8)) }.map {
            "link  \($0.key) \(String(decoding: $0.value, as: UTF8.self))"
        }
        return (lines + links).joined(separator: "\n") + "\n"
    }

    /// Archives of the formats that this release writes, 3.0, 6.0 and 7.0, and what each was made with.
    static let made: [(name: String, method: CompressionOptions.Method, keyframeInterval: Int)] = [
        ("lossless-3.0", TestMethods.lossless, 50), ("masters-shallow-3.0", TestMethods.lossless, 50),
        ("kinds-3.0", TestMethods.lossless, 50), ("excp-unclaimed-3.0", TestMethods.excp, 50),
        ("kept-bases-6.0", TestMethods.transform, 50), ("replaced-shallow-3.0", TestMethods.lossless, 50),
        ("pieces-7.0", TestMethods.transform, 50),
    ]

    /// What an archive was made from.
    private static func run(_ name: String, in directory: TemporaryDirectory) throws -> String {
        let run = Paths.join(directory.path, "run")
        switch name {
        case "masters-shallow-3.0", "replaced-shallow-3.0": try GoldenRuns.writeTracked(to: run)
        case "kept-bases-6.0": try GoldenRuns.writePartly(to: run, steps: 8)
        case "kinds-3.0": try GoldenRuns.writeKinds(to: run)
        case "pieces-7.0": try ShardedRuns.write("dcp_fsdp_2ranks", to: run)
        default: return Fixture.oddRun
        }
        return run
    }

    private static func make(
        _ index: Int, _ archive: String, in directory: TemporaryDirectory
    ) async throws -> CompressionResult {
        let (name, method, keyframeInterval) = made[index]
        let run = try run(name, in: directory)
        var options = CompressionOptions(method: method, keyframeInterval: keyframeInterval)
        var result = try await Compressor(run: run, archive: archive, options: options).compress()
        guard name == "replaced-shallow-3.0" else { return result }
        // Steps that were written again, one of them twice, while later ones build on what they were.
        options.replaces = true
        for (seed, indices) in [(UInt64(2), 1..<3), (3, 2..<3)] {
            try GoldenRuns.writeTracked(to: run, seed: seed, only: indices)
            result = try await Compressor(run: run, archive: archive, options: options).compress()
        }
        result.added = try ArchiveReader(archive).steps
        return result
    }

    /// No test: adds a golden archive that is not there yet, of the name in VARVE_MAKE_GOLDEN.
    @Test(.enabled(if: wanted != nil)) func makesTheGoldenArchiveThatIsWanted() async throws {
        let index = try #require(Self.made.firstIndex { $0.name == Self.wanted })
        let directory = try TemporaryDirectory()
        let position = Paths.join(Fixture.root, "golden/\(Self.made[index].name)")
        try #require(!FileManager.default.fileExists(atPath: position + ".varve"), "golden archives are never remade")
        _ = try await Self.make(index, position + ".varve", in: directory)
        let output = Paths.join(directory.path, "restored")
        try await Restorer(archive: position + ".varve", options: RestoreOptions(selection: .all)).restore(to: output)
        try Self.listing(output).write(toFile: position + ".sha256", atomically: true, encoding: .utf8)
    }

    private static let wanted = ProcessInfo.processInfo.environment["VARVE_MAKE_GOLDEN"]

    /// What this release writes is what the format's version says: the same bytes as when the golden archive was made.
    /// Another release of libzstd may compress differently.
    @Test(
        .enabled(if: Zstandard.libraryVersion == "1.5.4", "needs libzstd 1.5.4, by which they were made"),
        arguments: made.indices)
    func thisReleaseWritesTheGoldenParts(index: Int) async throws {
        let name = Self.made[index].name
        let directory = try TemporaryDirectory()
        let archive = Paths.join(directory.path, "now.varve")
        let result = try await Self.make(index, archive, in: directory)
        #expect(result.added.count >= 3)
        for step in result.added {
            let golden = try ArchiveReader(Paths.join(Fixture.root, "golden/\(name).varve"))
            #expect(
                try Trees.bytes(ArchiveReader(archive).stepPart(step, "0000.part"))
                    == Trees.bytes(golden.stepPart(step, "0000.part")), "step \(step)")
        }
    }
}
