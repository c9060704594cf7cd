import Foundation
import TensorCodecs
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Archives of earlier formats restore to the same bytes for ever. They are never remade: a change that breaks one of
/// these tests breaks somebody's archive.
@Suite struct GoldenTests {
    static let archives = ["excp-1.0", "exact-1.0", "transform-2.0", "high-2.0", "tracked-2.0"] + made.map(\.name)

    @Test(arguments: archives)
    func restoresToTheRecordedBytes(name: String) async throws {
        let directory = try TemporaryDirectory()
        let archive = Paths.join(Fixture.root, "golden/\(name).varve")
        let verified = try await Verifier(archive: archive, deep: true).verify()
        #expect(verified.isIntact, "\(verified.findings)")
        let output = Paths.join(directory.path, "run")
        try await Restorer(archive: archive, options: RestoreOptions(selection: .all)).restore(to: output)
        let listing = try Trees.content(output).sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let lines = listing.filter { !$0.value.starts(with: Array("-> ".utf8)) }.map { path, bytes in
            SHA256.hash(Array(bytes)) + "  " + path
        }
        let links = listing.filter { $0.value.starts(with: Array("-> ".utf8)) }.map {
            "link  \($0.key) \(String(decoding: $0.value, as: UTF8.self))"
        }
        let recorded = try String(contentsOfFile: Paths.join(Fixture.root, "golden/\(name).sha256"), encoding: .utf8)
        #expect((lines + links).joined(separator: "\n") + "\n" == recorded)
    }

    /// Archives of the formats that this release writes, 3.0 and 5.0, and what each was made with.
    static let made: [(name: String, method: CompressionOptions.Method, keyframeInterval: Int)] = [
        ("lossless-3.0", TestMethods.lossless, 50), ("masters-3.0", TestMethods.lossless, 50),
        ("kinds-3.0", TestMethods.lossless, 50), ("excp-3.0", TestMethods.excp, 50),
        ("transform-3.0", TestMethods.transform, 50), ("tracked-3.0", TestMethods.exactKeyframes, 3),
        ("wide-5.0", TestMethods.transform, 50),
    ]

    /// What an archive was made from.
    private static func run(_ name: String, in directory: TemporaryDirectory) throws -> String {
        let run = Paths.join(directory.path, "run")
        switch name {
        case "tracked-3.0", "masters-3.0": try GoldenRuns.writeTracked(to: run)
        case "wide-5.0": try GoldenRuns.writeWide(to: run)
        case "kinds-3.0": try GoldenRuns.writeKinds(to: run)
        default: return Fixture.oddRun
        }
        return run
    }

    /// What this release writes is what the format's version says: the same bytes as when the golden archive was made.
    /// Only with the libzstd they were made with: another release of it may compress differently.
    @Test(arguments: made.indices) func thisReleaseWritesTheGoldenParts(index: Int) async throws {
        guard Zstandard.libraryVersion == "1.5.4" else {
            print("SKIPPED: thisReleaseWritesTheGoldenParts: libzstd \(Zstandard.libraryVersion) instead of 1.5.4")
            return
        }
        let (name, method, keyframeInterval) = Self.made[index]
        let directory = try TemporaryDirectory()
        let archive = Paths.join(directory.path, "now.varve")
        let run = try Self.run(name, in: directory)
        let result = try await Compressor(
            run: run, archive: archive, options: CompressionOptions(method: method, keyframeInterval: keyframeInterval)
        ).compress()
        #expect(result.added.count >= 3)
        for step in result.added {
            let part = "steps/" + String(repeating: "0", count: 12 - "\(step)".count) + "\(step)/0000.part"
            #expect(
                try Trees.bytes(Paths.join(archive, part))
                    == Trees.bytes(Paths.join(Fixture.root, "golden/\(name).varve/" + part)), "step \(step)")
        }
    }
}
