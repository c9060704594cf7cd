import ChainArchive
import Foundation
import TensorCodecs
import FileSystem
import TensorFiles
import Testing
import Varve
import VarveTestSupport

/// Archives of format 1.0 restore to the same bytes for ever. They are never remade: a change that breaks one of these tests
/// breaks somebody's archive.
@Suite struct GoldenTests {
    static let names = GoldenArchive.all.map(\.name)

    private static func path(_ name: String) -> String { Paths.join(Fixture.root, "golden/\(name)") }

    @Test(arguments: names)
    func restoresToTheRecordedBytes(name: String) async throws {
        let directory = try TemporaryDirectory()
        let archive = Self.path(name) + ".varve"
        let verified = try await Verifier(archive: archive, deep: true).verify()
        #expect(verified.isIntact, "\(verified.findings)")
        let recorded = try String(contentsOfFile: Self.path(name) + ".sha256", encoding: .utf8)
        #expect(try await Self.listing(archive, in: directory) == recorded)
    }

    @Test func allGoldenArchivesAreKnown() throws {
        let there = try SystemCalls.list(Paths.join(Fixture.root, "golden")).filter { $0.hasSuffix(".varve") }
        #expect(Set(there) == Set(Self.names.map { $0 + ".varve" }))
    }

    /// What is restored, in the form of the lists beside the golden archives.
    private static func listing(_ archive: String, in directory: TemporaryDirectory) async throws -> String {
        let output = Paths.join(directory.path, "restored")
        try await Restorer(archive: archive, options: RestoreOptions(selection: .all)).restore(to: output)
        let listing = try Trees.content(output).sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let lines = listing.filter { !$0.value.starts(with: Array("-> ".utf8)) }.map { path, bytes in
            SHA256.hash(Array(bytes)) + "  " + path
        }
        let links = listing.filter { $0.value.starts(with: Array("-> ".utf8)) }.map {
            "link  \($0.key) \(String(decoding: $0.value, as: UTF8.self))"
        }
        return (lines + links).joined(separator: "\n") + "\n"
    }

    /// No test: adds golden archives that are not there yet, those of the names in VARVE_MAKE_GOLDEN or `all`.
    @Test(.enabled(if: wanted != nil)) func makesTheGoldenArchivesThatAreWanted() async throws {
        let wanted = (Self.wanted ?? "").split(separator: ",").map(String.init)
        for golden in GoldenArchive.all where wanted == ["all"] || wanted.contains(golden.name) {
            let directory = try TemporaryDirectory(), position = Self.path(golden.name)
            try #require(
                !FileManager.default.fileExists(atPath: position + ".varve"), "golden archives are never remade")
            try await golden.make(position + ".varve", in: directory)
            try await Self.listing(position + ".varve", in: directory).write(
                toFile: position + ".sha256", atomically: true, encoding: .utf8)
        }
    }

    private static let wanted = ProcessInfo.processInfo.environment["VARVE_MAKE_GOLDEN"]

    /// What this release writes is what the format says: the same bytes as when the golden archive was made. Another release
    /// of libzstd may compress differently.
    @Test(
        .enabled(if: Zstandard.libraryVersion == "1.5.4", "needs libzstd 1.5.4, by which they were made"),
        arguments: names)
    func thisReleaseWritesTheGoldenParts(name: String) async throws {
        let directory = try TemporaryDirectory()
        let archive = Paths.join(directory.path, "now.varve")
        let made = try #require(GoldenArchive.named(name))
        try await made.make(archive, in: directory)
        let golden = Self.path(name) + ".varve"
        let parts = try Trees.content(golden).filter { $0.key.hasSuffix(".part") }
        let now = try Trees.content(archive).filter { $0.key.hasSuffix(".part") }
        #expect(Set(now.keys) == Set(parts.keys) && parts.count >= 2)
        for (path, bytes) in parts { #expect(now[path] == bytes, "\(path)") }
    }
}
