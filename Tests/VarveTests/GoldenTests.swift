import Crypto
import Foundation
import TensorCodecs
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Archives of earlier formats restore to the same bytes for ever. They are never remade: a change that breaks one of
/// these tests breaks somebody's archive.
@Suite struct GoldenTests {
    static let archives = ["excp-1.0", "exact-1.0"]

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
            SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined() + "  " + path
        }
        let links = listing.filter { $0.value.starts(with: Array("-> ".utf8)) }.map {
            "link  \($0.key) \(String(decoding: $0.value, as: UTF8.self))"
        }
        let recorded = try String(contentsOfFile: Paths.join(Fixture.root, "golden/\(name).sha256"), encoding: .utf8)
        #expect((lines + links).joined(separator: "\n") + "\n" == recorded)
    }

    /// What this release writes is what the format's version says: the same bytes as when the golden archive was made.
    /// Only with the libzstd they were made with: another release of it may compress differently.
    @Test func thisReleaseWritesTheGoldenParts() async throws {
        guard Zstandard.libraryVersion == "1.5.4" else {
            print("SKIPPED: thisReleaseWritesTheGoldenParts: libzstd \(Zstandard.libraryVersion) instead of 1.5.4")
            return
        }
        let directory = try TemporaryDirectory()
        let archive = Paths.join(directory.path, "now.varve")
        _ = try await Compressor(
            run: Fixture.oddRun, archive: archive, options: CompressionOptions(method: .excp(ExcpOptions(alpha: 0.01)))
        ).compress()
        for step in [100, 200, 300] {
            let part = "steps/000000000\(step)/0000.part"
            #expect(
                try Trees.bytes(Paths.join(archive, part))
                    == Trees.bytes(Paths.join(Fixture.root, "golden/excp-1.0.varve/" + part)))
        }
    }
}
